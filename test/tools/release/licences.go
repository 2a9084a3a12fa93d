package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// spdx names the licences of a text by what only they say; none if it is none of those that we have met.
func spdx(text string) []string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(phrases ...string) bool {
		return !slices.ContainsFunc(phrases, func(p string) bool { return !strings.Contains(text, p) })
	}
	redistribution := has("redistributions of source code must retain the above copyright notice", "redistributions in binary form must reproduce")
	granted := has("permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice")
	var ids []string
	for _, known := range []struct {
		id  string
		met bool
	}{
		{"Apache-2.0", has("apache license", "version 2.0, january 2004") || has("licensed under the apache license, version 2.0")},
		{"BSD-2-Clause", redistribution && !has("neither the name")},
		{"BSD-3-Clause", redistribution && has("neither the name")},
		{"ISC", has("permission to use, copy, modify, and") && has("distribute this software for any purpose")},
		{"MIT", granted},
		{"MPL-2.0", has("mozilla public license", "version 2.0")},
	} {
		if known.met {
			ids = append(ids, known.id)
		}
	}
	return ids
}

// ids are the licences of a module, each once.
func (m module) ids() []string {
	var ids []string
	for _, l := range m.Licences {
		ids = append(ids, l.IDs...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// writeNotices writes the list of modules, then all texts, module by module.
func writeNotices(out io.Writer, modules []module) error {
	var b strings.Builder
	b.WriteString("EasyAuth contains code of others. Here are their licences and notices, below the list.\n\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "%s %s (%s)\n", m.name(), m.Version, strings.Join(m.ids(), ", "))
	}
	rule := strings.Repeat("=", 80)
	for _, m := range modules {
		for _, l := range m.Licences {
			fmt.Fprintf(&b, "\n%s\n%s %s: %s\n%s\n\n%s\n", rule, m.name(), m.Version, l.Name, rule, strings.TrimSpace(strings.ReplaceAll(l.Text, "\r\n", "\n")))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (m module) name() string {
	if m.Path == "std" {
		return "Go's standard library"
	}
	return m.Path
}
