package config

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	const duration, lifetime, idle, shutdown = "must be a duration such as 8h", "at most 720h", "must be 0 (off), or at least 1m and less than", "must be more than 0 and at most 10m"
	checkRefusals(t, "EASYAUTH_SESSION_LIFETIME", []refusal{
		{"no unit", "8", "8h", duration, nil},
		{"days", "1d" + marker, "24h", duration, nil},
		{"zero", "0", "1s", lifetime, nil},
		{"negative", "-8h", "8h", lifetime, nil},
		{"under a second", "999ms", "1000ms", lifetime, nil},
		{"over 30 days", "720h1s", "720h", lifetime, nil},
	})
	checkRefusals(t, "EASYAUTH_SESSION_IDLE", []refusal{
		{"text", marker, "0", duration, nil},
		{"negative", "-1m", "1m", idle, nil},
		{"under a minute", "59s", "60s", idle, nil},
		{"the lifetime", "8h", "7h59m", idle, nil},
		{"a shorter lifetime", "30m", "29m", idle, map[string]string{"EASYAUTH_SESSION_LIFETIME": "30m"}},
	})
	checkRefusals(t, "EASYAUTH_SHUTDOWN_TIMEOUT", []refusal{
		{"text", marker, "20s", duration, nil},
		{"zero", "0s", "1ms", shutdown, nil},
		{"negative", "-1s", "1s", shutdown, nil},
		{"over 10 minutes", "10m1ms", "10m", shutdown, nil},
	})
	// A lifetime with a fault of its own makes no second one.
	_, _, faults := load(t, with(map[string]string{"EASYAUTH_SESSION_LIFETIME": "-1s", "EASYAUTH_SESSION_IDLE": "24h", "EASYAUTH_RENEW_BEFORE": "24h"}))
	if len(faults) != 1 || faults[0].Name != "EASYAUTH_SESSION_LIFETIME" {
		t.Errorf("got %v", faults)
	}
}

func TestRenewBefore(t *testing.T) {
	const form = "must be 0 (off), or at least 1m and less than half of EASYAUTH_SESSION_LIFETIME"
	lifetime := func(value string) map[string]string { return map[string]string{"EASYAUTH_SESSION_LIFETIME": value} }
	checkRefusals(t, "EASYAUTH_RENEW_BEFORE", []refusal{
		{"text", marker, "0", "must be a duration such as 8h", nil},
		{"text in a short session", marker, "0", "must be a duration such as 8h", lifetime("5m")},
		{"negative", "-5m", "5m", form, nil},
		{"under a minute", "59s", "60s", form, nil},
		{"half the default lifetime", "4h", "3h59m", form, nil},
		{"half a lifetime", "15m", "14m59s", form, lifetime("30m")},
		{"the default, written down, in a short session", "5m", "4m59s", form, lifetime("10m")},
	})
	for given, want := range map[string]time.Duration{
		"8h": 5 * time.Minute, "10m1s": 5 * time.Minute, "10m": 150 * time.Second, "4m": time.Minute, "1s": 250 * time.Millisecond,
	} {
		if c := good(t, with(lifetime(given))); c.RenewBefore != want {
			t.Errorf("default at a lifetime of %s: got %v, want %v", given, c.RenewBefore, want)
		}
	}
	if c := good(t, with(map[string]string{"EASYAUTH_RENEW_BEFORE": "0"})); c.RenewBefore != 0 {
		t.Errorf("off: got %v", c.RenewBefore)
	}
}

func TestListeners(t *testing.T) {
	const form, same = "must be host:port", "must differ from EASYAUTH_LISTEN"
	for variable, other := range map[string]string{"EASYAUTH_LISTEN": "EASYAUTH_ADMIN_LISTEN", "EASYAUTH_ADMIN_LISTEN": "EASYAUTH_LISTEN"} {
		elsewhere := map[string]string{other: ":7000"}
		checkRefusals(t, variable, []refusal{
			{"port alone", "8081", ":8081", form, elsewhere},
			{"host alone", marker, marker + ":8081", form, elsewhere},
			{"no port", marker + ":", marker + ":0", form, elsewhere},
			{"a name for the port", ":http", ":80", form, elsewhere},
			{"port too large", ":65536", ":65535", form, elsewhere},
			{"negative port", ":-1", ":1", form, elsewhere},
			{"a URL", "http://" + marker + ":80", marker + ":80", form, elsewhere},
			{"IPv6 without brackets", "::1:8081", "[::1]:8081", form, elsewhere},
			{"no host name", "a_b" + marker + "!:80", "a-b" + marker + ":80", form, elsewhere},
		})
	}
	checkRefusals(t, "EASYAUTH_ADMIN_LISTEN", []refusal{
		{"the same", ":8080", ":8081", same, nil},
		{"every address", "0.0.0.0:8080", "0.0.0.0:8081", same, nil},
		{"one of every", "127.0.0.1:8080", "127.0.0.1:8081", same, nil},
		{"every of one", "[::]:8080", "127.0.0.2:8080", same, map[string]string{"EASYAUTH_LISTEN": "127.0.0.1:8080"}},
		{"another spelling of a number", ":08080", ":0", same, nil},
	})
	good(t, with(map[string]string{"EASYAUTH_LISTEN": ":0", "EASYAUTH_ADMIN_LISTEN": ":0"}))
}

func TestStatusAndLogs(t *testing.T) {
	checkRefusals(t, "EASYAUTH_SUCCESS_STATUS", []refusal{
		{"403", "403", "200", "must be 200, 202 or 204", nil},
		{"text", marker, "204", "must be 200, 202 or 204", nil},
		{"hexadecimal", "0xca", "202", "must be 200, 202 or 204", nil},
	})
	checkRefusals(t, "EASYAUTH_LOG_LEVEL", []refusal{
		{"unknown", marker, "WARN", "must be debug, info, warn or error", nil},
		{"offset", "info+2", "error", "must be debug, info, warn or error", nil},
	})
	checkRefusals(t, "EASYAUTH_LOG_FORMAT", []refusal{{"unknown", marker, "Text", "must be json or text", nil}})
	for _, name := range []string{"EASYAUTH_COMPRESS", "EASYAUTH_PPROF"} {
		checkRefusals(t, name, []refusal{
			{"text", marker, "true", "must be true or false", nil},
			{"yes", "yes", "0", "must be true or false", nil},
		})
	}
}
