package pages

import (
	"strings"
	"testing"
)

func TestAgentLabel(t *testing.T) {
	const webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "
	for _, tt := range []struct{ agent, want string }{
		{"", ""},
		{"curl/8.5.0", ""},
		{"Go-http-client/2.0", ""},
		{"Mozilla/5.0 (X11; Linux x86_64)", ""},
		{"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)", ""},
		{"<script>alert(1)</script>", ""},
		{"firefox/130.0 (linux)", ""},
		{strings.Repeat("x", maxAgent) + " Firefox/130.0", ""},
		{"Firefox/130.0", "Firefox"},
		{"Firefox/<script> Linux\"><img>", "Firefox on Linux"},
		{"Mozilla/5.0 (Plan 9) Firefox/130.0", "Firefox"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"},
		{"Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0", "Firefox on Android"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/130.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/128.0.0.0 Safari/537.36", "Chrome on Windows"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + "Chrome/128.0.0.0 Safari/537.36", "Chrome on ChromeOS"},
		{"Mozilla/5.0 (Linux; Android 10; K) " + webkit + "Chrome/128.0.0.0 Mobile Safari/537.36", "Chrome on Android"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0", "Edge on Windows"},
		{"Mozilla/5.0 (Linux; Android 10; K) " + webkit + "Chrome/128.0.0.0 Mobile Safari/537.36 EdgA/128.0.0.0", "Edge on Android"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + webkit + "Chrome/128.0.0.0 Safari/537.36 OPR/114.0.0.0", "Opera on macOS"},
		{"Mozilla/5.0 (Linux; Android 10; K) " + webkit + "SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"},
		{"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Ubuntu Chromium/128.0.0.0 Chrome/128.0.0.0 Safari/537.36", "Chromium on Linux"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari on macOS"},
		{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPad"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/128.0.0.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"},
		{"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer on Windows"},
	} {
		if got := AgentLabel(tt.agent); got != tt.want {
			t.Errorf("%.120s: %q, want %q", tt.agent, got, tt.want)
		}
	}
}

// Whatever a client sends, it chooses among fixed words.
func FuzzAgentLabel(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
	f.Add("Trident/ iPhone <b>\xff")
	f.Fuzz(func(t *testing.T, agent string) {
		got := AgentLabel(agent)
		if len(got) > 40 || Cap(got, 40) != got || strings.ContainsAny(got, "<>\"'&/") {
			t.Errorf("%q: %q", agent, got)
		}
		browser, system, _ := strings.Cut(got, " on ")
		if len(strings.Fields(browser)) > 2 || len(strings.Fields(system)) > 1 {
			t.Errorf("%q: %q", agent, got)
		}
	})
}
