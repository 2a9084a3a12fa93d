package servers

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Dump returns everything that a thief of the server would have: all keys and
// values of all nodes that run, as a client reads them, and then its files.
func (r *Redis) Dump() []byte {
	r.t.Helper()
	var b bytes.Buffer
	for _, n := range r.nodes {
		if n.process.Ended() || n.halted {
			continue
		}
		for _, key := range r.keys(n) {
			for _, text := range append([]string{key}, r.contents(n, key)...) {
				b.WriteString(text)
				b.WriteByte('\n')
			}
		}
		r.must(n, "SAVE")
	}
	for _, n := range r.nodes {
		b.Write(r.files(n))
	}
	return b.Bytes()
}

// keys returns all keys of a node, each at least once.
func (r *Redis) keys(n *node) []string {
	r.t.Helper()
	var keys []string
	for cursor := "0"; ; {
		page, ok := r.must(n, "SCAN", cursor, "COUNT", "1000").([]any)
		if !ok || len(page) != 2 {
			r.t.Fatalf("%s: SCAN answers %v", n.name, page)
		}
		keys = append(keys, texts(page[1])...)
		cursor = texts(page[0])[0]
		if cursor == "0" {
			return keys
		}
	}
}

// contents returns all that a key holds. On a replica of a Cluster there would be
// nothing to read, but ours have none.
func (r *Redis) contents(n *node, key string) []string {
	r.t.Helper()
	kind := fmt.Sprint(r.must(n, "TYPE", key))
	switch kind {
	case "string":
		return texts(r.must(n, "GET", key))
	case "hash":
		return texts(r.must(n, "HGETALL", key))
	case "set":
		return texts(r.must(n, "SMEMBERS", key))
	case "zset":
		return texts(r.must(n, "ZRANGE", key, "0", "-1", "WITHSCORES"))
	case "list":
		return texts(r.must(n, "LRANGE", key, "0", "-1"))
	case "stream":
		return texts(r.must(n, "XRANGE", key, "-", "+"))
	case "none": // it has expired meanwhile
		return nil
	}
	r.t.Fatalf("%s: a key of the unknown type %s", n.name, kind)
	return nil
}

// files returns the bytes of what a node wrote to disk: its snapshot, which is not
// compressed, and its log.
func (r *Redis) files(n *node) []byte {
	r.t.Helper()
	var b bytes.Buffer
	folder := os.DirFS(n.dir)
	err := fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".conf") {
			return err
		}
		content, err := fs.ReadFile(folder, path)
		b.Write(content)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return b.Bytes()
}
