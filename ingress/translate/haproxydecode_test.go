package translate

import "strings"

// haproxyWords takes a line apart as HAProxy does: at blanks, outside of single quotes.
func haproxyWords(line string) (words []string) {
	word, open, quoted := "", false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			quoted, open = !quoted, true
		case quoted:
			word += string(c)
		case c == '\\' && i+1 < len(line):
			i++
			word += string(line[i])
			open = true
		case c == ' ':
			if open {
				words = append(words, word)
			}
			word, open = "", false
		default:
			word += string(c)
			open = true
		}
	}
	if open {
		words = append(words, word)
	}
	return words
}

func readHAProxy(text string, _ map[string]definition) (list []entry, err error) {
	rules, servers, backend := map[string]string{}, map[string]string{}, ""
	for line := range strings.Lines(text) {
		w := haproxyWords(strings.TrimSpace(line))
		switch {
		case len(w) > 3 && w[1] == "lua.easyauth":
			_, rule, _ := strings.Cut(w[2], "?")
			for _, name := range w[8 : len(w)-1] {
				rules[name] = "?" + rule
			}
		case len(w) > 1 && w[0] == "backend":
			backend = w[1]
		case len(w) > 2 && w[0] == "server":
			parts := strings.Split(w[2], ".")
			servers[backend] = parts[1] + "/" + parts[0] + ":" + w[2][strings.LastIndexByte(w[2], ':')+1:]
		}
	}
	for line := range strings.Lines(text) {
		w := haproxyWords(strings.TrimSpace(line))
		if len(w) != 21 || w[1] != "set-var(txn.route)" || w[2] != "str(none)" && !strings.HasPrefix(w[2], "str(route") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(w[2], "str("), ")")
		if name == "none" {
			continue
		}
		host, how, path := w[13], w[18], w[19]
		e := entry{rank: 1, rule: "public", to: servers[name]}
		if rule, ok := rules[name]; ok {
			e.rule = rule
		}
		e.match = func(h, p string) bool {
			return h == host && (how == "str" && p == path || how == "beg" && strings.HasPrefix(p, path))
		}
		list = append(list, e)
	}
	return list, nil
}
