package redisstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	dialTimeout     = time.Second     // of one connection, with its sign-in
	silence         = 2 * time.Second // how long a connection that is used may be silent
	callTimeout     = 5 * time.Second // of a call whose context allows more
	topologyRefresh = 5 * time.Second

	connBuffer = 64 << 10 // of reading, and of writing, a connection; bytes
	maxCAFile  = 1 << 20  // bytes: more than all authorities of a system
)

// Config says where Redis is.
type Config struct {
	// URL is required: redis:// or, with TLS, rediss:// (also valkey://,
	// valkeys://), [user[:password]@]host[:port][/database]. A Cluster is found by
	// itself; addr=host:port names more of its nodes, as often as there are.
	// With master_set=NAME the addresses are those of Sentinels, which may want
	// sentinel_username= and sentinel_password=. Anything else is refused.
	URL secret.String

	// CAFile is a PEM file with the authorities that may sign the servers'
	// certificates; empty: those of the system. Only with TLS.
	CAFile string

	// Realm is 16 hexadecimal characters: whose sessions these are. Empty serves
	// Sweep, of all realms, and Ping, Acquire and Release; nothing else.
	Realm string

	Log *slog.Logger // nil: nothing is logged
}

const realmLength = 16

func validRealm(realm string) bool {
	return len(realm) == realmLength && strings.Trim(realm, "0123456789abcdef") == ""
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// options reads the configuration. Its errors hold no part of the URL, because in
// a malformed one nobody knows which part is the password.
func (c Config) options() (rueidis.ClientOption, error) {
	var none rueidis.ClientOption
	raw := c.URL.Reveal()
	if raw == "" {
		return none, errors.New("the Redis URL is missing")
	}
	u, query, err := readURL(raw)
	if err != nil {
		return none, err
	}
	o, err := rueidis.ParseURL(raw)
	if err != nil {
		return none, errURL
	}
	o.Sentinel.Username, o.Sentinel.Password = query.Get("sentinel_username"), query.Get("sentinel_password")
	if err := c.secure(&o, u.Hostname()); err != nil {
		return none, err
	}
	o.ClientName, o.Sentinel.ClientName = "easyauth", "easyauth"
	o.ClientSetInfo = rueidis.DisableClientSetInfo
	o.Dialer = net.Dialer{Timeout: dialTimeout, KeepAlive: time.Second}
	o.Sentinel.Dialer = o.Dialer
	o.Sentinel.TopologyRefreshInterval = topologyRefresh
	o.ConnWriteTimeout = silence
	o.ReadBufferEachConn, o.WriteBufferEachConn = connBuffer, connBuffer
	// A connection is read from all the time, so one that was lost is known before
	// the next call wants it; and a call that is given up does not end it.
	o.AlwaysPipelining = true
	o.DisableCache, o.DisableRetry = true, true
	return o, nil
}

var errURL = errors.New("the Redis URL cannot be read: want redis://user:password@host:6379/0, or rediss:// with TLS; " +
	"special characters of a password have to be percent-encoded")

// readURL refuses what rueidis.ParseURL would pass over or read otherwise than meant.
func readURL(raw string) (*url.URL, url.Values, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Fragment != "" || u.Opaque != "" {
		return nil, nil, errURL
	}
	switch u.Scheme {
	case "redis", "rediss", "valkey", "valkeys":
	default:
		return nil, nil, errURL
	}
	if db := strings.TrimPrefix(u.Path, "/"); u.Path == "/" || db != "" && !number(db) {
		return nil, nil, errURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, nil, errURL
	}
	for name, values := range query {
		if err := checkParameter(name, values); err != nil {
			return nil, nil, err
		}
	}
	if query.Get("master_set") == "" && (query.Has("sentinel_username") || query.Has("sentinel_password")) {
		return nil, nil, errors.New("the Redis URL has a user for Sentinel, but no master_set")
	}
	return u, query, nil
}

func checkParameter(name string, values []string) error {
	switch name {
	case "addr":
		for _, addr := range values {
			if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || !number(port) {
				return errors.New("the Redis URL has an addr that is not host:port")
			}
		}
		return nil
	case "master_set", "db", "sentinel_username", "sentinel_password":
		if len(values) != 1 || values[0] == "" || name == "db" && !number(values[0]) {
			return fmt.Errorf("the Redis URL wants one value of %s", name)
		}
		return nil
	default:
		return errors.New("the Redis URL has a parameter that is not known here: " +
			"there are addr, master_set, db, sentinel_username and sentinel_password")
	}
}

func number(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// secure sets up TLS for all connections, or none.
func (c Config) secure(o *rueidis.ClientOption, named string) error {
	if o.TLSConfig == nil {
		if c.CAFile != "" {
			return errors.New("a file of certificate authorities for Redis needs a URL with rediss://")
		}
		return nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := secret.ReadFile(c.CAFile, maxCAFile)
		if err != nil {
			return fmt.Errorf("read certificate authorities for Redis %q: %w", c.CAFile, err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read certificate authorities for Redis: no certificate in %s", c.CAFile)
		}
	}
	o.TLSConfig, o.Sentinel.TLSConfig = cfg, cfg
	o.DialCtxFn = func(ctx context.Context, addr string, d *net.Dialer, cfg *tls.Config) (net.Conn, error) {
		cfg = cfg.Clone()
		cfg.ServerName = serverName(addr, named)
		dialer := &tls.Dialer{NetDialer: d, Config: cfg}
		return dialer.DialContext(ctx, "tcp", addr)
	}
	return nil
}

// serverName is the name that the certificate of addr has to be for. Nodes of a
// Cluster, and Sentinels, tell of others by address unless they are told to use
// names; then it is the name in the URL, which all certificates have to hold.
func serverName(addr, named string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || net.ParseIP(host) != nil && net.ParseIP(named) == nil {
		return named
	}
	return host
}
