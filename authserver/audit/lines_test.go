package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/audit"
)

// hostile is what a client may send.
const hostile = "a\r\n{\"msg\":\"forged\"}\x1b[31m\u2028\u202e\xff"

// harmless is how it stands in a line.
const harmless = `a\r\n{"msg":"forged"}\x1b[31m\u2028\u202e\xff`

type shouting struct{}

func (shouting) LogValue() slog.Value { return slog.StringValue(hostile) }

type odd struct{ Text string }

func TestLines(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(audit.Lines(slog.NewJSONHandler(&out, nil))).With("with", hostile).WithGroup("g")
	log.Info(hostile, "text", hostile, "error", errors.New(strings.Repeat("x", 1000)+hostile), "cause", errors.New(hostile), "list", []string{hostile},
		"value", shouting{}, "group", slog.GroupValue(slog.String("inner", hostile)), "odd", odd{hostile}, "nil", nil,
		"n", 7, "b", true, "d", time.Second, "at", at())
	var line struct {
		Level, Msg, With string
		G                map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("%v %q", err, out.String())
	}
	if line.Msg != harmless || line.With != harmless || line.Level != "INFO" {
		t.Errorf("%+v", line)
	}
	for key, want := range map[string]any{
		"text": harmless, "error": strings.Repeat("x", 1000) + harmless, "cause": harmless, "value": harmless, "odd": "{" + harmless + "}", "nil": nil,
		"n": 7.0, "b": true, "d": 1e9, "at": "2026-05-17T09:30:15.123456789+02:00",
	} {
		if got := line.G[key]; got != want {
			t.Errorf("%s: %v, want %v", key, got, want)
		}
	}
	if list, _ := line.G["list"].([]any); len(list) != 1 || list[0] != harmless {
		t.Errorf("list: %v", line.G["list"])
	}
	if group, _ := line.G["group"].(map[string]any); group["inner"] != harmless {
		t.Errorf("group: %v", line.G["group"])
	}
}

func TestLinesAreShort(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(audit.Lines(slog.NewJSONHandler(&out, nil)))
	long := strings.Repeat("\x00", 64<<10)
	log.Info(long, "path", long, "error", errors.New(long), "list", strings.Split(strings.Repeat("x,", 1000), ","))
	if out.Len() > 16<<10 {
		t.Errorf("%d bytes", out.Len())
	}
	if !strings.Contains(out.String(), "and 951 more") {
		t.Errorf("it is not said that the list goes on: %s", out.String())
	}
}

func TestLinesKeepTheLevel(t *testing.T) {
	h := audit.Lines(slog.NewJSONHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if h.Enabled(context.Background(), slog.LevelInfo) || !h.Enabled(context.Background(), slog.LevelError) {
		t.Error("the level of the handler below does not count")
	}
}
