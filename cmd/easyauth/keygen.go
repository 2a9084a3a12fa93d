package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

const keygenDetails = `Without a flag it prints a key. With one it reads, or changes, a file of keys as
EASYAUTH_KEYS_FILE names it. It never prints a key from a file, only its id: what
the metric easyauth_tickets_opened_total calls it.

--rotate replaces the key that seals in two steps, so that nobody has to sign in
again: the first adds a key that every replica learns to open; the second lets it
seal. Run it, wait until all replicas have read the file, and run it again.
`

// settle is how long a new key is left for all replicas to read.
const settle = 2 * time.Minute

func setUpKeygen(fs *flag.FlagSet) runner {
	rotate := fs.String("rotate", "", "add a next key to `FILE`, or let the one that was added seal")
	list := fs.String("list", "", "print the ids of the keys in `FILE` and what each does")
	drop := fs.String("drop", "", "remove the key with this `ID` from the file that follows")
	now := fs.Bool("now", false, "with --rotate: do not wait two minutes between the steps")
	return func(_ context.Context, args []string, env environment) int {
		var modes []string
		fs.Visit(func(f *flag.Flag) {
			if f.Name != "now" {
				modes = append(modes, f.Name)
			}
		})
		wrong := func(text string) int {
			say(env.stderr, "easyauth keygen: %s\n", text)
			return exitUsage
		}
		mode := ""
		if len(modes) > 0 {
			mode = modes[0]
		}
		switch {
		case len(modes) > 1:
			return wrong("--rotate, --list and --drop exclude one another")
		case *now && mode != "rotate":
			return wrong("--now goes with --rotate only")
		case mode == "drop" && len(args) == 0:
			return wrong("--drop needs the file behind the id: --drop ID FILE")
		case mode != "drop" && len(args) > 0:
			return wrong("one argument too many; the file belongs behind --rotate or --list")
		}
		err := error(nil)
		switch mode {
		case "rotate":
			err = rotateKeys(env, *rotate, *now)
		case "list":
			err = listKeys(env, *list)
		case "drop":
			err = dropKey(env, *drop, args[0])
		default:
			say(env.stdout, "%s\n", newKey())
		}
		if err != nil {
			say(env.stderr, "easyauth keygen: --%s: %v\n", mode, err)
			return exitFailed
		}
		return exitOK
	}
}

// newKey returns a random key as a file of keys holds it.
func newKey() string {
	key := make([]byte, seal.KeySize)
	_, _ = rand.Read(key) // never fails: crypto/rand
	return base64.StdEncoding.EncodeToString(key)
}

// rotateKeys does one of the two steps, whichever is due.
func rotateKeys(env environment, path string, now bool) error {
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	next := f.next()
	if next < 0 {
		if err := f.add(newKey()); err != nil {
			return err
		}
		return f.written(env, "Added key %s, which opens and does not seal yet. Wait until every replica has read the file:\na minute, and two when it comes from a Kubernetes Secret. Then run this again.\n", f.entries[f.next()].id)
	}
	if age := time.Since(f.modified); age < settle && !now {
		return fmt.Errorf("the file was changed less than %v ago, and a replica that has not read the next key cannot open what it seals: wait, or add --now when all have read it", settle)
	}
	old := f.sealing()
	f.promote(next)
	return f.written(env, "Key %s seals from now on. Key %s can go (--drop) when easyauth_tickets_opened_total{key=\"%s\"}\nstands still on all replicas, at the latest when EASYAUTH_SESSION_LIFETIME has passed.\n", f.sealing(), old, old)
}

func listKeys(env environment, path string) error {
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	f.print(env)
	return nil
}

func dropKey(env environment, id, path string) error {
	f, err := readKeyFile(path)
	if err != nil {
		return err
	}
	dropped, err := f.drop(id)
	if err != nil {
		return err
	}
	return f.written(env, "Dropped key %s. What it sealed no longer opens: who still has a session from it signs in again.\n", dropped)
}
