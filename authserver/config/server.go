package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MaxLifetime is the longest life that a session can be given.
const MaxLifetime = 30 * 24 * time.Hour

const (
	minLifetime = time.Second
	maxLifetime = MaxLifetime
	minIdle     = time.Minute
	maxShutdown = 10 * time.Minute

	minRenewBefore = time.Minute
)

// times checks and sets how long sessions last.
func (s *spec) times(r *report, c *Config) {
	c.SessionLifetime, c.SessionIdle = s.SessionLifetime, s.SessionIdle
	if c.SessionLifetime < minLifetime || c.SessionLifetime > maxLifetime {
		r.fault("EASYAUTH_SESSION_LIFETIME", "must be at least 1s and at most 720h (30 days), such as 8h")
	}
	if idle := c.SessionIdle; idle != 0 && (idle < minIdle || idle >= c.SessionLifetime && !r.has("EASYAUTH_SESSION_LIFETIME")) {
		r.fault("EASYAUTH_SESSION_IDLE", "must be 0 (off), or at least 1m and less than EASYAUTH_SESSION_LIFETIME, such as 30m")
	}
	s.renewBefore(r, c)
}

// shutdown checks and sets how long it may take to stop.
func (s *spec) shutdown(r *report, c *Config) {
	c.ShutdownTimeout = s.ShutdownTimeout
	if c.ShutdownTimeout <= 0 || c.ShutdownTimeout > maxShutdown {
		r.fault("EASYAUTH_SHUTDOWN_TIMEOUT", "must be more than 0 and at most 10m, such as 20s")
	}
}

// renewBefore checks and sets how long before its end a session is renewed. A
// default that does not fit into a short session shrinks with it.
func (s *spec) renewBefore(r *report, c *Config) {
	const name = "EASYAUTH_RENEW_BEFORE"
	c.RenewBefore = s.RenewBefore
	switch fits := c.RenewBefore < c.SessionLifetime/2; {
	case !r.gave(name) && !fits:
		c.RenewBefore = c.SessionLifetime / 4
	case c.RenewBefore != 0 && (c.RenewBefore < minRenewBefore || !fits) && !r.has("EASYAUTH_SESSION_LIFETIME"):
		r.need(name, "must be 0 (off), or at least 1m and less than half of EASYAUTH_SESSION_LIFETIME, such as 5m")
	}
}

// address is where a listener listens.
type address string

var hostForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// Decode implements envconfig.Decoder.
func (a *address) Decode(value string) error {
	host, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err == nil && host != "" && !hostForm.MatchString(host) {
		_, err = netip.ParseAddr(host)
	}
	if err != nil {
		return expect("must be host:port, such as :8080, 127.0.0.1:8080 or [::1]:8080 (port 0: any free one)")
	}
	*a = address(value)
	return nil
}

// parts returns the host, "" when it is every address, and the port as a number.
func (a address) parts() (host string, port uint64) {
	host, text, _ := net.SplitHostPort(string(a)) // checked by Decode, as is the port
	port, _ = strconv.ParseUint(text, 10, 16)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = ""
	}
	return strings.ToLower(host), port
}

// listeners checks and sets the addresses of the two listeners.
func (s *spec) listeners(r *report, c *Config) {
	c.Listen, c.AdminListen = string(s.Listen), string(s.AdminListen)
	host, port := s.Listen.parts()
	adminHost, adminPort := s.AdminListen.parts()
	overlap := port == adminPort && port != 0 && (host == adminHost || host == "" || adminHost == "")
	if overlap && !r.has("EASYAUTH_LISTEN", "EASYAUTH_ADMIN_LISTEN") {
		r.fault("EASYAUTH_ADMIN_LISTEN", "must differ from EASYAUTH_LISTEN: probes and metrics are never served in public")
	}
}

// successStatus is the status of a request that may pass.
type successStatus int

// Decode implements envconfig.Decoder.
func (s *successStatus) Decode(value string) error {
	choice, err := choose(value, "200", "202", "204")
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(choice)
	*s = successStatus(number)
	return err
}
