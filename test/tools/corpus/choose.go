package main

import (
	"bytes"
	"fmt"
	"math/bits"
	"strconv"
)

// features are what an input reached: a block of code, and about how often.
type features map[string]bool

func (f features) add(more features) {
	for name := range more {
		f[name] = true
	}
}

// parseProfile reads what go test -coverprofile writes with -covermode=count. How often
// a block was reached counts as the fuzzer counts it, by powers of two.
func parseProfile(text []byte) (features, error) {
	f := features{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || bytes.HasPrefix(line, []byte("mode: ")) {
			continue
		}
		at := bytes.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("a profile with the line %q", line)
		}
		count, err := strconv.ParseUint(string(line[at+1:]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a profile with the line %q: %w", line, err)
		}
		if count > 0 {
			f[string(line[:at])+" "+strconv.Itoa(bits.Len64(count))] = true
		}
	}
	return f, nil
}

// choose takes, one by one, the input that reaches the most that is new, of several the
// smallest, as long as there is one and as they fit the bounds together with what is
// committed. found is sorted by size.
func choose(known features, committed, found []input, reached map[string]features) []input {
	files, total := len(committed), 0
	for _, in := range committed {
		total += len(in.text)
	}
	var chosen []input
	for files < maxFiles {
		best, gain := -1, 0
		for i, in := range found {
			if n := news(known, reached[in.name]); n > gain && total+len(in.text) <= maxTotal {
				best, gain = i, n
			}
		}
		if best < 0 {
			break
		}
		in := found[best]
		chosen = append(chosen, in)
		known.add(reached[in.name])
		files, total = files+1, total+len(in.text)
	}
	return chosen
}

func news(known, reached features) int {
	n := 0
	for name := range reached {
		if !known[name] {
			n++
		}
	}
	return n
}
