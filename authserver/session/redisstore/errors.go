package redisstore

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/rueidis"
)

var (
	errClosed  = errors.New("the connection to redis was closed")
	errSilent  = errors.New("redis does not answer")
	errNoRealm = errors.New("this store has no realm: it can only sweep")
)

// maxServerText bounds what of an error of the server is repeated, in bytes.
const maxServerText = 200

// serverError is what the server refused a command with.
type serverError struct{ text string }

func (e *serverError) Error() string { return "redis answers: " + e.text }

// code is the first word of the answer: WRONGTYPE, LOADING, NOPERM.
func (e *serverError) code() string {
	code, _, _ := strings.Cut(e.text, " ")
	return code
}

// unable reports whether the server says that it serves nothing now, or nothing to
// us, as opposed to not this command.
func (e *serverError) unable() bool {
	switch e.code() {
	case "WRONGPASS", "NOAUTH", "NOPERM", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "READONLY", "MOVED", "NOREPLICAS", "MISCONF", "OOM":
		return true
	default:
		return false
	}
}

// elsewhere reports whether the server says that another one has to be asked,
// which this connection does not lead to.
func (e *serverError) elsewhere() bool { return e.code() == "READONLY" || e.code() == "MOVED" }

// clean turns an error of the library into one of ours. Servers repeat arguments
// in some of their errors; those are cut.
func clean(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	if refused, ok := rueidis.IsRedisErr(err); ok && !refused.IsNil() {
		text, _, _ := strings.Cut(refused.Error(), ", with args beginning with")
		for _, s := range secrets {
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
		if len(text) > maxServerText {
			text = text[:maxServerText]
		}
		return &serverError{text}
	}
	switch {
	case errors.Is(err, rueidis.ErrClosing):
		return errClosed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return errSilent // not our caller's context: ask knows that
	default:
		return err
	}
}
