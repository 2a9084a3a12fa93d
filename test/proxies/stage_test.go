package proxies

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/matrix"
)

// stage is a proxy between two servers that write down what they are asked.
type stage struct {
	place     matrix.Place
	web       string // where the proxy speaks clear text
	auth, app *server
	client    *http.Client
}

// server writes down what it is asked, and answers as it is told.
type server struct {
	address string

	mu     sync.Mutex
	heard  []asked
	answer http.HandlerFunc // nil: 200
}

// asked is a request that a server got.
type asked struct {
	method, target, host string
	header               http.Header
	body                 string
}

func startServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	s.address = strings.TrimPrefix(at.URL, "http://")
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte("cut off: " + err.Error())
	}
	s.mu.Lock()
	s.heard = append(s.heard, asked{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body)})
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
	}
}

// will sets what the server answers from now on, and forgets what it heard.
func (s *server) will(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.heard = answer, nil
}

// requests are those since will.
func (s *server) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.heard...)
}

// newStage makes everything but the proxy.
func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	ports := claimPorts(t, 3)
	s := &stage{web: ports[1], auth: startServer(t), app: startServer(t), client: client(t, ports[0])}
	s.place = matrix.Place{
		Dir: dir, Listen: ports[0], Admin: ports[2], Auth: s.auth.address, Application: s.app.address,
		Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
	}
	someTLS := httptest.NewTLSServer(nil) // for its certificate
	someTLS.Close()
	pair := someTLS.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		s.place.Certificate: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, s.place.Key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Ports come in blocks below those that package matrix takes.
const (
	lowestPort = 11000
	portBlock  = 8
	portBlocks = 500
)

// claimPorts finds n addresses of 127.0.0.1 for this test alone. It listens on the first port of a block until the test
// ends: no other test then takes one of the others, although they stay free until a proxy listens.
func claimPorts(t *testing.T, n int) []string {
	t.Helper()
	for range portBlocks {
		first := lowestPort + portBlock*rand.IntN(portBlocks)
		claim, err := listen(t, first)
		if err != nil {
			continue
		}
		var found []string
		for port := first + 1; port <= first+n; port++ {
			l, err := listen(t, port)
			if err != nil {
				break
			}
			found = append(found, l.Addr().String())
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if len(found) == n {
			t.Cleanup(func() { _ = claim.Close() }) // nothing was written to it
			return found
		}
		if err := claim.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("no free ports")
	return nil
}

func listen(t *testing.T, port int) (net.Listener, error) {
	t.Helper()
	var lc net.ListenConfig
	return lc.Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
}

// reply is an answer whose body was read.
type reply struct {
	status int
	header http.Header
	body   string
}

// send asks the proxy over TLS. Header names are sent as they are spelled.
func (s *stage) send(t *testing.T, method, target string, h http.Header, body string) reply {
	t.Helper()
	return sent(t, s.client, method, "https://"+matrix.Host+target, h, body)
}

func sent(t *testing.T, client *http.Client, method, url string, h http.Header, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range h {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}
