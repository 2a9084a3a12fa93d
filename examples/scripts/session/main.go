//go:build linux || darwin

// Session signs a person in to an application behind EasyAuth, and calls it as them.
//
//	session login                  with a browser of this computer
//	session exchange FILE [TYPE]   with a token of the identity provider: an id_token, or TYPE access_token
//	session call PATH              prints what the application answers
//	session refresh                gets new tokens although the old ones are good
//	session logout                 ends the session
//
// APP_URL is the application (https://app.example.com). Its tokens are in the file SESSION_FILE.
// Exit code: 0 done; 2 wrong use; 3 the token is good, and a role, group, scope or better sign-in is missing;
// 4 the application itself refuses; 5 nobody is signed in, or no longer; 1 everything else.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

const (
	use   = "session login | exchange FILE [id_token | access_token] | call PATH | refresh | logout"
	again = "\nSign in again: session login"
)

// stop ends the program with an exit code and a text.
type stop struct {
	code int
	text string
}

func (s stop) Error() string { return s.text }

func say(text string) {
	fmt.Fprintln(os.Stderr, strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text))
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	err := run(ctx, os.Args[1:])
	if err == nil {
		return
	}
	say(err.Error())
	s := stop{code: 1}
	errors.As(err, &s)
	os.Exit(s.code)
}

func run(ctx context.Context, words []string) error {
	app, err := checked(os.Getenv("APP_URL"))
	if err != nil {
		return err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	folder := cmp.Or(os.Getenv("XDG_STATE_HOME"), filepath.Join(home, ".local", "state"))
	s := &session{newClient(), &store{app, cmp.Or(os.Getenv("SESSION_FILE"), filepath.Join(folder, "easyauth-session.json"))}}
	kinds := []string{"id_token", "access_token"}
	switch {
	case slices.Equal(words, []string{"login"}):
		return s.login(ctx)
	case slices.Equal(words, []string{"logout"}):
		return s.logout(ctx)
	case slices.Equal(words, []string{"refresh"}):
		return s.refresh(ctx)
	case len(words) == 2 && words[0] == "call" && strings.HasPrefix(words[1], "/"):
		return s.call(ctx, words[1])
	case len(words) == 2 && words[0] == "exchange":
		return s.exchange(ctx, words[1], kinds[0])
	case len(words) == 3 && words[0] == "exchange" && slices.Contains(kinds, words[2]):
		return s.exchange(ctx, words[1], words[2])
	}
	return stop{2, use}
}

// checked is the application's address: tokens travel over https, or stay on this computer.
func checked(raw string) (string, error) {
	u, err := url.Parse(raw)
	wrong := stop{2, "APP_URL must be https, or http on this computer, without a path"}
	if err != nil {
		return "", wrong
	}
	local := slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", wrong
	}
	origin := u.Scheme + "://" + u.Host
	if u.Hostname() == "" || strings.TrimSuffix(raw, "/") != origin {
		return "", wrong
	}
	return origin, nil
}
