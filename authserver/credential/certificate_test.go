package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// opened is a client assertion whose signature fits.
type opened struct {
	header map[string]any
	claims map[string]any
}

// open verifies an assertion as a token endpoint would. Any goroutine may call it.
func open(t *testing.T, assertion string, key *rsa.PublicKey) (o opened) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(assertion, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		t.Error(err)
		return o
	}
	payload, err := signed.Verify(key)
	if err != nil {
		t.Error(err)
		return o
	}
	if err := json.Unmarshal(payload, &o.claims); err != nil {
		t.Error(err)
	}
	o.header = header(t, assertion)
	return o
}

func header(t *testing.T, assertion string) (h map[string]any) {
	t.Helper()
	head, _, _ := strings.Cut(assertion, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		t.Error(err)
	}
	return h
}

func thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// wantSigned wants the next assertion to be signed with key and to name der.
func wantSigned(t *testing.T, s *Source, key *rsa.PrivateKey, der []byte) {
	t.Helper()
	o := open(t, add(t, s).Get("client_assertion"), &key.PublicKey)
	if o.header["x5t#S256"] != thumbprint(der) {
		t.Errorf("got the thumbprint %v, want %s", o.header["x5t#S256"], thumbprint(der))
	}
}

func TestAssertion(t *testing.T) {
	key := newKey(t, 2048)
	leaf, der := newLeaf(t, key, someTime().AddDate(1, 0, 0))
	now := someTime().Add(time.Second / 2)
	s := source(t, Config{CertificateFile: file(t, leaf), KeyFile: file(t, pkcs1(key)), Now: func() time.Time { return now }})

	form := add(t, s)
	if len(form) != 4 || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		t.Errorf("got the form %v", form)
	}
	first := open(t, form.Get("client_assertion"), &key.PublicKey)
	if want := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(der)}; !reflect.DeepEqual(first.header, want) {
		t.Errorf("got the header %v, want %v", first.header, want)
	}
	at := float64(someTime().Unix())
	want := map[string]any{"iss": client, "sub": client, "aud": endpoint, "iat": at, "nbf": at, "exp": at + 300, "jti": first.claims["jti"]}
	if !reflect.DeepEqual(first.claims, want) {
		t.Errorf("got the claims %v, want %v", first.claims, want)
	}

	now = now.Add(time.Hour)
	second := open(t, add(t, s).Get("client_assertion"), &key.PublicKey)
	if second.claims["iat"] != at+3600 || second.claims["exp"] != at+3900 {
		t.Errorf("an hour later: got %v", second.claims)
	}
	ids := map[string]bool{}
	for range 50 {
		id, _ := open(t, add(t, s).Get("client_assertion"), &key.PublicKey).claims["jti"].(string)
		if raw, err := base64.RawURLEncoding.DecodeString(id); err != nil || len(raw) != 16 || ids[id] {
			t.Fatalf("got the jti %q, %v", id, err)
		}
		ids[id] = true
	}
}

func TestAudienceIsTheEndpointOfTheCall(t *testing.T) {
	key := newKey(t, 2048)
	leaf, _ := newLeaf(t, key, someTime().AddDate(1, 0, 0))
	s := source(t, Config{CertificateFile: file(t, leaf+pkcs1(key))})
	for _, endpoint := range []string{"https://a.example/token", "https://b.example/token/"} {
		form := map[string][]string{}
		if err := s.Add(form, endpoint); err != nil {
			t.Fatal(err)
		}
		if got := open(t, form["client_assertion"][0], &key.PublicKey).claims["aud"]; got != endpoint {
			t.Errorf("got %v, want %s", got, endpoint)
		}
	}
}

func TestCertificateFiles(t *testing.T) {
	until := someTime().AddDate(1, 0, 0)
	key, other, short := newKey(t, 2048), newKey(t, 2048), newKey(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, der := newLeaf(t, key, until)
	issuer, _ := newLeaf(t, other, until.AddDate(1, 0, 0))
	shortLeaf, _ := newLeaf(t, short, until)
	curveLeaf, _ := newLeaf(t, curve, until)
	sec1, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	encrypted := string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: []byte(marker),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,0011"},
	}))
	const apart = "-" // no key file
	for _, tt := range []struct{ name, certificate, key, want string }{
		{"PKCS #1", leaf, pkcs1(key), ""},
		{"PKCS #8", leaf, pkcs8(t, key), ""},
		{"another key", leaf, pkcs1(other), "does not fit"},
		{"an EC key in PKCS #8", curveLeaf, pkcs8(t, curve), "not an RSA key"},
		{"an EC key", curveLeaf, armour("EC PRIVATE KEY", sec1), "not an RSA key"},
		{"an RSA key for an EC certificate", curveLeaf, pkcs1(key), "does not fit"},
		{"1024 bits", shortLeaf, pkcs1(short), "1024 bits"},
		{"an encrypted key", leaf, encrypted, "is encrypted"},
		{"an encrypted key in PKCS #8", leaf, armour("ENCRYPTED PRIVATE KEY", []byte(marker)), "is encrypted"},
		{"an OpenSSH key", leaf, armour("OPENSSH PRIVATE KEY", []byte(marker)), "not an RSA key"},
		{"a public key", leaf, armour("PUBLIC KEY", []byte(marker)), "no private key"},
		{"rubbish as PKCS #1", leaf, armour("RSA PRIVATE KEY", []byte(marker)), "private key cannot be read"},
		{"rubbish as PKCS #8", leaf, armour("PRIVATE KEY", []byte(marker)), "private key cannot be read"},
		{"PKCS #8 in the name of PKCS #1", leaf, strings.ReplaceAll(pkcs8(t, key), "PRIVATE", "RSA PRIVATE"), "private key cannot be read"},
		{"half a key", leaf, pkcs1(key)[:400], "no private key"},
		{"text in the key file", leaf, marker, "no private key"},
		{"an empty key file", leaf, "", "empty"},
		{"text around the key", leaf, "Bag Attributes\n  friendlyName: x\n" + pkcs1(key) + "\n\n", ""},
		{"two keys", leaf, pkcs1(key) + pkcs1(other), "several private keys"},
		{"the same key twice", leaf, pkcs1(key) + pkcs8(t, key), "several private keys"},
		{"a key in both files", leaf + pkcs1(key), pkcs1(key), "several private keys"},
		{"both in one file", leaf + pkcs1(key), apart, ""},
		{"both in one file, the key first", pkcs8(t, key) + leaf, apart, ""},
		{"a certificate without a key", leaf, apart, "no private key"},
		{"no line break between the files", strings.TrimSuffix(leaf, "\n"), pkcs1(key), ""},
		{"a chain", leaf + issuer, pkcs1(key), ""},
		{"a chain, the issuer first", issuer + leaf, pkcs1(key), "does not fit the first certificate"},
		{"a chain with rubbish", leaf + armour("CERTIFICATE", []byte(marker)), pkcs1(key), "certificate in it cannot be read"},
		{"no certificate", marker, pkcs1(key), "no certificate"},
		{"files the wrong way round", pkcs1(key), leaf, "no certificate"},
		{"a certificate in the key file only", marker, leaf + pkcs1(key), "no certificate"},
		{"a certificate request", armour("CERTIFICATE REQUEST", []byte(marker)), pkcs1(key), "no certificate"},
		{"DER", string(der), pkcs1(key), "no certificate"},
		{"an empty certificate file", "", pkcs1(key), "empty"},
		{"64 KB and more", leaf + strings.Repeat("#", 64<<10), pkcs1(key), "larger than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{ClientID: client, CertificateFile: file(t, tt.certificate)}
			if tt.key != apart {
				cfg.KeyFile = file(t, tt.key)
			}
			if tt.want == "" {
				wantSigned(t, source(t, cfg), key, der)
			} else {
				refused(t, cfg, "client certificate", filepath.Dir(filepath.Dir(cfg.CertificateFile)), tt.want)
			}
		})
	}

	t.Run("one file named twice", func(t *testing.T) {
		path := file(t, leaf+pkcs1(key))
		wantSigned(t, source(t, Config{CertificateFile: path, KeyFile: path}), key, der)
	})
	t.Run("absent files and directories", func(t *testing.T) {
		dir, good := t.TempDir(), file(t, leaf+pkcs1(key))
		absent := filepath.Join(dir, "absent")
		refused(t, Config{ClientID: client, CertificateFile: absent}, absent, "no such file")
		refused(t, Config{ClientID: client, CertificateFile: dir}, dir, "is a directory")
		refused(t, Config{ClientID: client, CertificateFile: good, KeyFile: absent}, absent, "no such file")
		refused(t, Config{ClientID: client, CertificateFile: good, KeyFile: dir}, dir, "is a directory")
	})
}

// An expired certificate is the identity provider's to refuse: one warning, at the
// start or when it happens, and for each certificate.
func TestExpiredCertificate(t *testing.T) {
	key, now, log := newKey(t, 2048), someTime(), &journal{}
	expired, expiredDER := newLeaf(t, key, now.Add(-time.Second))
	fresh, freshDER := newLeaf(t, key, now.Add(time.Hour))
	path := file(t, expired+pkcs1(key))
	s := source(t, Config{CertificateFile: path, Log: log.logger(), Now: func() time.Time { return now }})
	log.wantLines(t, "has expired")
	wantSigned(t, s, key, expiredDER)
	log.wantLines(t)

	put(t, path, fresh+"\n"+pkcs1(key))
	wantSigned(t, s, key, freshDER)
	now = now.Add(time.Hour)
	wantSigned(t, s, key, freshDER)
	log.wantLines(t)
	now = now.Add(time.Second)
	wantSigned(t, s, key, freshDER)
	wantSigned(t, s, key, freshDER)
	log.wantLines(t, "has expired")
}

// Two files are renewed one after the other: in between the old pair is used.
func TestCertificateIsRenewed(t *testing.T) {
	keys := []*rsa.PrivateKey{newKey(t, 2048), newKey(t, 2048)}
	var leaves []string
	var ders [][]byte
	for i, key := range keys {
		leaf, der := newLeaf(t, key, someTime().AddDate(i+1, 0, 0))
		leaves, ders = append(leaves, leaf), append(ders, der)
	}
	certificateFile, keyFile, log := file(t, leaves[0]), file(t, pkcs1(keys[0])), &journal{}
	s := source(t, Config{CertificateFile: certificateFile, KeyFile: keyFile, Log: log.logger(), Now: someTime})
	wantSigned(t, s, keys[0], ders[0])

	put(t, certificateFile, leaves[1]+"\n")
	wantSigned(t, s, keys[0], ders[0])
	wantSigned(t, s, keys[0], ders[0])
	log.wantLines(t, "does not fit")
	put(t, keyFile, pkcs8(t, keys[1]))
	wantSigned(t, s, keys[1], ders[1])
	log.wantLines(t, "can be read again")

	put(t, keyFile, marker)
	wantSigned(t, s, keys[1], ders[1])
	log.wantLines(t, "no private key")
	if err := os.Remove(certificateFile); err != nil {
		t.Fatal(err)
	}
	wantSigned(t, s, keys[1], ders[1])
	log.wantLines(t, "no such file")
	put(t, certificateFile, leaves[0])
	put(t, keyFile, pkcs1(keys[0]))
	wantSigned(t, s, keys[0], ders[0])
	log.wantLines(t, "can be read again")
}

// TestParallelSigning swaps certificate and key under many callers: no assertion
// ever names one certificate and is signed with the key of another.
func TestParallelSigning(t *testing.T) {
	files := make([]map[string]string, 2)
	keyOf := map[string]*rsa.PrivateKey{} // by thumbprint
	for i := range files {
		key := newKey(t, 2048)
		leaf, der := newLeaf(t, key, someTime().AddDate(i+1, 0, 0))
		files[i] = map[string]string{"tls.crt": leaf, "tls.key": pkcs1(key)}
		keyOf[thumbprint(der)] = key
	}
	m := &mount{dir: t.TempDir(), step: time.Second}
	m.swap(t, files[0])
	s := source(t, Config{CertificateFile: filepath.Join(m.dir, "tls.crt"), KeyFile: filepath.Join(m.dir, "tls.key"), Now: someTime})
	sign := func() string {
		assertion := add(t, s).Get("client_assertion")
		name, _ := header(t, assertion)["x5t#S256"].(string)
		if key := keyOf[name]; key == nil {
			t.Errorf("got the thumbprint %q", name)
		} else {
			open(t, assertion, &key.PublicKey)
		}
		return name
	}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 20 {
				sign()
			}
		})
	}
	for n := range 21 { // ends with the first pair
		m.swap(t, files[n%2])
	}
	callers.Wait()
	last := sign()
	m.swap(t, files[1])
	if next := sign(); next == last {
		t.Errorf("got %s after %s", next, last)
	}
}
