package matrix

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Ports come in blocks from below the range that systems take for outgoing connections. The blocks are those of
// package stand.
const (
	lowestPort  = 15000
	portBlock   = 16
	portBlocks  = 1000
	blockChoice = 200 // blocks to try
)

// claimPorts finds n addresses of 127.0.0.1 for this test alone. It listens on the first port of a block until the
// test ends: nobody who claims in the same way takes one of the others, although they stay free until a part listens.
func claimPorts(t *testing.T, n int) []string {
	t.Helper()
	var last error
	for range blockChoice {
		first := lowestPort + portBlock*mrand.IntN(portBlocks)
		claim, err := listen(t.Context(), first)
		if err != nil {
			last = err
			continue
		}
		addrs, err := freePorts(t.Context(), first+1, n)
		if err == nil {
			t.Cleanup(func() { _ = claim.Close() }) // nothing was written to it
			return addrs
		}
		last = errors.Join(err, claim.Close())
	}
	t.Fatalf("find free ports: %v", last)
	return nil
}

func freePorts(ctx context.Context, first, n int) ([]string, error) {
	var addrs []string
	for port := first; port < first+n; port++ {
		l, err := listen(ctx, port)
		if err != nil {
			return nil, err
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		addrs = append(addrs, address(port))
	}
	return addrs, nil
}

func listen(ctx context.Context, port int) (net.Listener, error) { return listenAt(ctx, address(port)) }

func listenAt(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", addr)
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// writeCertificate makes cert.pem, key.pem and bundle.pem for a host, which nobody but a test trusts.
func writeCertificate(dir, host string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "EasyAuth test"}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	for name, text := range map[string][]byte{"cert.pem": public, "key.pem": secret, "bundle.pem": slices.Concat(public, secret)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
