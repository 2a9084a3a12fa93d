package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// Who hands tokens over is told at the start which buffers nginx needs.
func TestBuffersAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes map[string]string
		want    bool
	}{
		{"no tokens", nil, false},
		{"the access token", map[string]string{"EASYAUTH_PASS_ACCESS_TOKEN": "true"}, true},
		{"the ID token", map[string]string{"EASYAUTH_PASS_ID_TOKEN": "true"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changes := map[string]string{"EASYAUTH_STORE": "redis", "EASYAUTH_REDIS_URL": "redis://127.0.0.1:1"}
			for name, value := range tt.changes {
				changes[name] = value
			}
			var log bytes.Buffer
			parts, err := wire(t.Context(), loaded(t, changes), outside{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), version: testVersion})
			if err != nil {
				t.Fatal(err)
			}
			parts.close()
			if told := strings.Contains(log.String(), "proxy_buffer_size=32k"); told != tt.want {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
}
