package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const marker = "hunter2-MARKER"

// holder has the secret where printers look for methods and where they do not.
type holder struct {
	Public  String
	private String
	Pointer *String
}

func holders() map[string]any {
	s := New(marker)
	h := holder{Public: s, private: s, Pointer: &s}
	return map[string]any{
		"value":             s,
		"pointer":           &s,
		"struct":            h,
		"pointer to struct": &h,
		"slice":             []String{s},
		"array":             [1]String{s},
		"map":               map[string]String{"k": s},
		"interface":         []any{s, &s, h},
		"nested":            map[string]any{"k": []holder{h}},
	}
}

// leaks reports whether text holds the marker, plain or as fmt's %x and %d
// would show its bytes.
func leaks(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, strings.ToLower(marker)) ||
		strings.Contains(strings.ReplaceAll(lower, " ", ""), fmt.Sprintf("%x", marker)) ||
		strings.Contains(lower, strings.Trim(fmt.Sprintf("%d", []byte(marker)), "[]"))
}

func TestNoVerbShowsTheSecret(t *testing.T) {
	var verbs []string
	for c := 'A'; c <= 'z'; c++ {
		if c <= 'Z' || c >= 'a' {
			for _, flag := range []string{"", "+", "#", " ", "0", "-", "40", ".30", "+#", "# 60.50"} {
				verbs = append(verbs, "%"+flag+string(c))
			}
		}
	}
	for name, v := range holders() {
		for _, verb := range verbs {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("%s, %s: shows the secret: %s", name, verb, got)
			}
		}
		if got := fmt.Sprint(v) + fmt.Sprintln(v); leaks(got) {
			t.Errorf("%s: Sprint shows the secret: %s", name, got)
		}
		if got := fmt.Errorf("doing: %v %w", v, errors.ErrUnsupported).Error(); leaks(got) {
			t.Errorf("%s: Errorf shows the secret: %s", name, got)
		}
	}
}

// The marker is found by leaks when it is there: the tests above can fail.
func TestLeaksFindsTheMarker(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "% x", "%X"} {
		if got := fmt.Sprintf(verb, marker); !leaks(got) {
			t.Errorf("%s: not found in %s", verb, got)
		}
	}
	if got := fmt.Sprintf("%d", []byte(marker)); !leaks(got) {
		t.Errorf("%%d: not found in %s", got)
	}
}

func TestVerbsPrintRedacted(t *testing.T) {
	for _, verb := range []string{"%v", "%s", "%q", "%#v", "%+v", "%x", "%X", "%d", "%40s", "%z"} {
		if got := fmt.Sprintf(verb, New(marker)); got != redacted {
			t.Errorf("%s of a secret: got %q, want %q", verb, got, redacted)
		}
		if got := fmt.Sprintf(verb, String{}); got != "" {
			t.Errorf("%s of the empty secret: got %q, want nothing", verb, got)
		}
	}
}

func TestSlog(t *testing.T) {
	options := &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug}
	var out bytes.Buffer
	handlers := map[string]slog.Handler{
		"json": slog.NewJSONHandler(&out, options),
		"text": slog.NewTextHandler(&out, options),
	}
	for format, handler := range handlers {
		for name, v := range holders() {
			out.Reset()
			slog.New(handler).With("with", v).Info("message", "k", v, slog.Group("g", "k", v), "e", fmt.Errorf("x %v", v))
			if leaks(out.String()) {
				t.Errorf("%s of %s shows the secret: %s", format, name, out.String())
			}
		}
		out.Reset()
		slog.New(handler).Info("message", "k", New(marker))
		if !strings.Contains(out.String(), redacted) {
			t.Errorf("%s: want %s in %s", format, redacted, out.String())
		}
	}
}

func TestEncoders(t *testing.T) {
	for name, v := range holders() {
		got, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json of %s: %v", name, err)
		}
		if leaks(string(got)) {
			t.Errorf("json of %s shows the secret: %s", name, got)
		}
	}
	if got, err := json.Marshal(New(marker)); err != nil || string(got) != `"[redacted]"` {
		t.Errorf("json: got %s, %v", got, err)
	}
	if got, err := json.Marshal(String{}); err != nil || string(got) != `""` {
		t.Errorf("json of the empty secret: got %s, %v", got, err)
	}
	if got, err := xml.Marshal(holder{Public: New(marker)}); err != nil || leaks(string(got)) || !strings.Contains(string(got), redacted) {
		t.Errorf("xml: got %s, %v", got, err)
	}
	var h holder
	if err := json.Unmarshal([]byte(`{"Public":"[redacted]"}`), &h); err == nil {
		t.Error("json: a redacted text was read back as a secret")
	}
}

func TestRevealAndEmpty(t *testing.T) {
	if got := New(marker).Reveal(); got != marker {
		t.Errorf("Reveal: got %q", got)
	}
	if got := (String{}).Reveal(); got != "" {
		t.Errorf("Reveal of the zero value: got %q", got)
	}
	if New(marker).Empty() || !New("").Empty() || !(String{}).Empty() {
		t.Error("Empty: want false for a text, true for none")
	}
}
