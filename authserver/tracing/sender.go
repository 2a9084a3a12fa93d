package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	firstPause = time.Second // between two tries; each pause is twice the one before, up to sendTimeout
	maxAnswer  = 64 << 10    // bytes that are read of a receiver's
)

// sender sends spans over OTLP/HTTP. It implements otlptrace.Client.
//
// OpenTelemetry's own (otlptracehttp) brings gRPC and its gateway into the program, which nothing here speaks:
// a hundred packages, each of which takes memory in a process that never traces.
type sender struct {
	to      *receiver
	version string // of this program
	client  *http.Client
}

func newSender(to *receiver, version string) *sender {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: to.tls, TLSHandshakeTimeout: sendTimeout,
		ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: time.Minute,
	}
	return &sender{to: to, version: version, client: &http.Client{
		Timeout: sendTimeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the headers are for this receiver alone
	}}
}

// Start does nothing: a connection is opened when there is something to send.
func (s *sender) Start(context.Context) error { return nil }

// Stop closes the connection. Nothing is under way: all was sent before, or given up.
func (s *sender) Stop(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

// UploadTraces sends a batch, and again for a while when the receiver is busy or does
// not answer in time. It ends with ctx, which has exportTimeout.
func (s *sender) UploadTraces(ctx context.Context, batch []*spans.ResourceSpans) error {
	body, err := s.encode(batch)
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, exportTimeout)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, sendTimeout) {
		again, after, err := s.try(ctx, body)
		if !again {
			return err
		}
		pausing := max(after, pause/2+rand.N(pause/2)) //nolint:gosec // no secret: so that not all come back at once
		if end, _ := ctx.Deadline(); time.Until(end) <= pausing {
			return err
		}
		if ended := wait(ctx, pausing); ended != nil {
			return errors.Join(err, ended)
		}
	}
}

// encode writes a batch as the receiver wants it. TracesData is, to the byte, what OTLP's
// request of a batch is.
func (s *sender) encode(batch []*spans.ResourceSpans) (body []byte, err error) {
	message := &spans.TracesData{ResourceSpans: batch}
	if s.to.json {
		body, err = asJSON(message)
	} else {
		body, err = proto.Marshal(message)
	}
	if err != nil || !s.to.gzip {
		return body, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(body)
	err = errors.Join(err, w.Close()) // writes the rest
	return packed.Bytes(), err
}

// try sends a batch once. again: it may be taken later, after that time at least.
func (s *sender) try(ctx context.Context, body []byte) (again bool, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to.url, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	r.Header = s.to.headers.Clone()
	r.Header.Set("User-Agent", "easyauth/"+s.version)
	r.Header.Set("Content-Type", typeProtobuf)
	if s.to.json {
		r.Header.Set("Content-Type", typeJSON)
	}
	if s.to.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := s.client.Do(r)
	if err != nil {
		var sent *url.Error
		return ctx.Err() == nil && errors.As(err, &sent) && sent.Timeout(), 0, err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	err = errors.Join(err, resp.Body.Close())
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true, retryAfter(resp.Header.Get("Retry-After")), fmt.Errorf("the receiver answered %s", resp.Status)
	}
	if resp.StatusCode/100 != 2 {
		return false, 0, fmt.Errorf("the receiver answered %s", resp.Status)
	}
	if err != nil {
		return false, 0, fmt.Errorf("read the receiver's answer: %w", err)
	}
	return false, 0, refusedIn(resp.Header.Get("Content-Type"), answer)
}

// retryAfter reads the header of that name, in seconds; 0 if it says nothing.
func retryAfter(value string) time.Duration {
	seconds, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
