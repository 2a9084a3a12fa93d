package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Errors that a caller tells apart.
var (
	// ErrSignIn: there is no token that is still good, and no refresh token that holds.
	ErrSignIn = errors.New("nobody is signed in")

	// ErrCancelled: the person refused in the browser.
	ErrCancelled = errors.New("it was refused in the browser")
)

// Unreachable is somebody who gave no answer, or none that could be read to its end.
type Unreachable struct {
	who string
	err error
}

// Error says who, and why in a person's words.
func (u *Unreachable) Error() string {
	return u.who + " cannot be reached: " + because(u.err)
}

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.err }

// because is the cause of a request that failed. Nothing of the request is in it.
func because(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		lookup   *net.DNSError
		ofTheURL *url.Error
	)
	switch {
	case errors.As(err, &unknown):
		return "its certificate is from an authority that this computer does not know (--ca-file FILE names one)"
	case errors.As(err, &name):
		return "its certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet, or this computer's clock is wrong"
	case errors.As(err, &verify):
		return "its certificate is not good: " + tame(verify.Err.Error())
	case errors.As(err, &record):
		return "it does not speak TLS on this port"
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "there is no host of this name"
	case errors.As(err, &ofTheURL): // its text has the whole URL
		err = ofTheURL.Err
	}
	return tame(err.Error())
}

// Refused is an answer that is no success.
type Refused struct {
	who         string
	hint        string // in place of what was answered
	status      int
	code        string        // error of RFC 6749; "" if the answer has none
	description string        // error_description
	wait        time.Duration // of Retry-After; 0: it does not say
}

const (
	maxSaid = 300            // characters of what somebody else says
	maxWait = 24 * time.Hour // of Retry-After
)

// Error says who refused, and what was said.
func (f *Refused) Error() string {
	text := f.who + " refused: " + f.said()
	switch {
	case f.hint != "" && f.code != "":
		text = f.who + " " + f.hint + " (" + f.said() + ")"
	case f.hint != "":
		text = f.who + " " + f.hint
	}
	if f.wait > 0 {
		text += fmt.Sprintf("; try again in %v", f.wait)
	}
	return text
}

func (f *Refused) said() string {
	switch {
	case f.code == "":
		return "status " + strconv.Itoa(f.status)
	case f.description == "":
		return tame(f.code)
	}
	return tame(f.code) + ": " + tame(f.description)
}

// temporary reports an error that the next attempt may not meet, and that says nothing
// about the token.
func temporary(err error) bool {
	var away *Unreachable
	var refused *Refused
	return errors.As(err, &away) ||
		errors.As(err, &refused) && (refused.status >= http.StatusInternalServerError || refused.status == http.StatusTooManyRequests)
}

// refusal reads an answer that is not 200. Of what is no JSON nothing is repeated.
func refusal(who string, a *answer) *Refused {
	f := &Refused{who: who, status: a.status, wait: retryAfter(a.header)}
	var e errorAnswer
	if a.read(&e) == nil && e.Error != "" {
		f.code, f.description = e.Error, e.Description
	}
	if a.status == http.StatusTooManyRequests {
		f.hint = "was asked too often"
	}
	return f
}

// refused is refusal for an endpoint of EasyAuth's, with what a person can do about it.
func (s Server) refused(a *answer) *Refused {
	f := refusal(s.Name(), a)
	switch {
	case a.status == http.StatusMisdirectedRequest && f.code != "":
		f.hint = "does not serve this host: EASYAUTH_HOSTS of the server has no " + s.host
	case f.code != "" || a.status == http.StatusTooManyRequests: // it speaks for itself
	case a.status == http.StatusNotFound:
		f.hint = "has no tokens for programs at " + s.base + ": EASYAUTH_TOKEN_API is not on there, its base path is another (--base-path), or a proxy does not pass " + s.base + "/api/v1/ on"
	case a.status >= 300 && a.status < 400:
		f.hint = "answered with a redirect, which is not followed: " + elsewhere(a.header.Get("Location"), s)
	case a.status == http.StatusUnauthorized:
		f.hint = "asks for a sign-in where programs are served: a proxy must pass " + s.base + "/api/v1/ on without asking the auth-url"
	case a.status >= http.StatusInternalServerError:
		f.hint = "has a fault (status " + strconv.Itoa(a.status) + ", not of EasyAuth's own): try again later"
	default:
		f.hint = "did not answer as EasyAuth does (status " + strconv.Itoa(a.status) + "): is EasyAuth at " + s.base + " there?"
	}
	return f
}

// elsewhere says what a redirect may mean.
func elsewhere(location string, s Server) string {
	u, err := url.Parse(location)
	if err == nil && u.Host != "" && !strings.EqualFold(u.Host, s.host) {
		return "use the address that it leads to, if that is the application's (" + tame(u.Scheme+"://"+u.Host) + ")"
	}
	return "a proxy must pass " + s.base + "/api/v1/ on without asking the auth-url"
}

// strange is an answer of status 200 that cannot be used.
func (s Server) strange(err error) error {
	return fmt.Errorf("%s did not answer as EasyAuth does: %w", s.Name(), err)
}

// retryAfter reads the header in seconds, as EasyAuth writes it.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.ParseUint(h.Get("Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxWait)
}

// tame makes the text of somebody else fit for a terminal: one line of printable
// characters, and not too many.
func tame(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(text) {
		if n++; n > maxSaid {
			b.WriteString("…")
			break
		}
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
