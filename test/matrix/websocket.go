package matrix

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 says so; it protects nothing
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// acceptKey is the answer to Sec-WebSocket-Key (RFC 6455, section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Opcodes.
const (
	opText  = 1
	opClose = 8
)

// writeFrame writes a short frame, masked as a client must.
func writeFrame(w io.Writer, opcode byte, text string, masked bool) error {
	payload := []byte(text)
	frame := []byte{0x80 | opcode, byte(len(payload) & 0x7f)}
	if masked {
		mask := []byte{1, 2, 3, 4}
		frame[1] |= 0x80
		frame = append(frame, mask...)
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
	}
	_, err := w.Write(append(frame, payload...))
	return err
}

// readFrame reads a frame of at most 64 KiB.
func readFrame(r io.Reader) (opcode byte, text string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	size := int(head[1] & 0x7f)
	switch size {
	case 126:
		var more [2]byte
		if _, err := io.ReadFull(r, more[:]); err != nil {
			return 0, "", err
		}
		size = int(binary.BigEndian.Uint16(more[:]))
	case 127:
		return 0, "", errors.New("the frame is too large")
	}
	mask := make([]byte, 4)
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(r, mask); err != nil {
			return 0, "", err
		}
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, "", err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, string(payload), nil
}

// echoFrames is the application's side: it says who the proxy told it, and then what it gets.
func echoFrames(req *http.Request, r *bufio.Reader, conn net.Conn) error {
	_, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		acceptKey(req.Header.Get("Sec-WebSocket-Key")))
	if err != nil {
		return err
	}
	if err := writeFrame(conn, opText, "you are "+req.Header.Get("X-Injected-Oid"), false); err != nil {
		return err
	}
	for {
		opcode, text, err := readFrame(r)
		if err != nil {
			return io.EOF // nothing can be answered on such a connection
		}
		if err := writeFrame(conn, opcode, text, false); err != nil || opcode == opClose {
			return io.EOF
		}
	}
}

// socket is a client's WebSocket.
type socket struct {
	conn net.Conn
	r    *bufio.Reader
}

const socketTimeout = 30 * time.Second

// dialSocket asks for a WebSocket, and returns the status of the answer. Unless that is 101, the socket is nil.
func dialSocket(ctx context.Context, addr, path string, h http.Header) (*socket, int, error) {
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: Host, NextProtos: []string{"http/1.1"}}} // of the stand's own making
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, 0, err
	}
	s := &socket{conn, bufio.NewReader(conn)}
	if err := conn.SetDeadline(time.Now().Add(socketTimeout)); err != nil {
		return nil, 0, errors.Join(err, conn.Close())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+Host+path, nil)
	if err != nil {
		return nil, 0, errors.Join(err, conn.Close())
	}
	req.Header = h.Clone()
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
		"Origin": "https://" + Host, "Sec-Fetch-Mode": "websocket", "Sec-Fetch-Dest": "websocket",
	} {
		req.Header.Set(name, value)
	}
	if err := req.Write(conn); err != nil {
		return nil, 0, errors.Join(err, conn.Close())
	}
	resp, err := http.ReadResponse(s.r, req)
	if err != nil {
		return nil, 0, errors.Join(err, conn.Close())
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, resp.StatusCode, errors.Join(resp.Body.Close(), conn.Close())
	}
	if got := resp.Header.Get("Sec-WebSocket-Accept"); got != acceptKey(key) {
		return nil, 0, errors.Join(fmt.Errorf("Sec-WebSocket-Accept is %q", got), conn.Close())
	}
	return s, resp.StatusCode, nil
}

// say sends a text and returns the next one that comes.
func (s *socket) say(text string) (string, error) {
	if err := writeFrame(s.conn, opText, text, true); err != nil {
		return "", err
	}
	return s.hear()
}

func (s *socket) hear() (string, error) {
	_, text, err := readFrame(s.r)
	return text, err
}
