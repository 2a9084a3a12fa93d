package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

var (
	errNoToken    = errors.New("there is no access token")
	errUnreadable = errors.New("the answer is not what was asked for")
)

// failure is what an application reads instead of a result.
type failure struct {
	Status  int    `json:"error_status"`
	Message string `json:"error_message"`
}

func (f failure) json() string {
	text, err := encode(f)
	if err != nil { // an int and a string always encode
		return `{"error_status":500,"error_message":""}`
	}
	return text
}

// sendError is a request that brought no answer that can be used. Its cause may
// quote the answer: see cause for what may be told of it.
type sendError struct {
	status int // HTTP status of the answer, 0 if there was none
	cause  error
}

func (e *sendError) Error() string {
	return fmt.Sprintf("send a request to graph: status %d", e.status)
}

func (e *sendError) Unwrap() error { return e.cause }

// panicError is a panic of the SDK's. Its text is that of Go's own runtime, or empty.
type panicError struct{ text string }

func (e *panicError) Error() string { return strings.TrimSpace("panic while asking graph " + e.text) }

func errorMappings() abstractions.ErrorMappings {
	return abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}
}

// describe reads the code and the message of an OData error; either may be empty.
func describe(err *odataerrors.ODataError) (code, message string) {
	inner := err.GetErrorEscaped()
	if inner == nil {
		return "", ""
	}
	if p := inner.GetCode(); p != nil {
		code = *p
	}
	if p := inner.GetMessage(); p != nil {
		message = *p
	}
	return code, message
}

// explain turns the failure of a whole batch into what each query's result says.
// Only Graph's own error message is passed on; the cause of anything else is for
// the log.
func explain(err error, token secret.String) failure {
	var sent sendError
	if e, ok := errors.AsType[*sendError](err); ok {
		sent = *e
	}
	odata, isOData := errors.AsType[*odataerrors.ODataError](err)
	_, panicked := errors.AsType[*panicError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errNoToken):
		return failure{http.StatusUnauthorized, "there is no access token for Microsoft Graph"}
	case panicked:
		return failure{http.StatusInternalServerError, "Microsoft Graph could not be asked"}
	case isOData:
		_, message := describe(odata)
		return refusal(sent.status, message, token)
	case errors.Is(err, context.DeadlineExceeded) || isNet && timeout.Timeout():
		return failure{http.StatusGatewayTimeout, "Microsoft Graph did not answer in time"}
	case errors.Is(err, context.Canceled):
		return failure{http.StatusServiceUnavailable, "the sign-in was given up"}
	case sent.status >= http.StatusBadRequest:
		return refusal(sent.status, "", token)
	case errors.Is(err, errTooLarge):
		return failure{http.StatusBadGateway, "Microsoft Graph's answer is too large"}
	case sent.status != 0 || errors.Is(err, errUnreadable):
		return failure{http.StatusBadGateway, "Microsoft Graph's answer cannot be read"}
	}
	return failure{http.StatusServiceUnavailable, "Microsoft Graph cannot be reached"}
}

// refusal is an error that Graph itself told.
func refusal(status int, message string, token secret.String) failure {
	if message = clean(message, token); message == "" {
		message = fmt.Sprintf("Microsoft Graph answered with status %d", status)
	}
	return failure{status, message}
}

// clean makes a remote text fit to be passed on: the token blotted out should it
// be echoed, control characters dropped, at most 200 characters.
func clean(s string, token secret.String) string {
	if !token.Empty() {
		s = strings.ReplaceAll(s, token.Reveal(), "[redacted]")
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if utf8.RuneCountInString(s) > maxMessage {
		s = string([]rune(s)[:maxMessage])
	}
	return s
}

// safeCode returns an error code of Graph's if it looks like one, for the log.
func safeCode(code string) string {
	if len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool {
		return r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return ""
	}
	return code
}

// encode is compact JSON without HTML escapes.
func encode(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
