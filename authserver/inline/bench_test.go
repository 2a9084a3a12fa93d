package inline_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkRequest is a request on a connection that stays, to an application and back: the client's and the
// application's work is in it too.
func BenchmarkRequest(b *testing.B) {
	p := start(b, to(serve(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<10)) })))
	conn := dial(b, p.address)
	from := bufio.NewReader(conn)
	request := "GET /orders?page=2 HTTP/1.1\r\nHost: " + app + "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nX-Forwarded-For: 192.0.2.17\r\nX-Forwarded-Proto: https\r\nCookie: a=1; __Host-easyauth=" + strings.Repeat("t", 1500) + "\r\n\r\n"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(conn, request); err != nil {
			b.Fatal(err)
		}
		res, err := http.ReadResponse(from, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			b.Fatal(err)
		}
	}
}
