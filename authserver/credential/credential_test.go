package credential

import (
	"net/url"
	"reflect"
	"testing"
)

const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2ln" // nobody's

func TestExactlyOneKind(t *testing.T) {
	aSecret, aToken := file(t, "s3cret"), file(t, token)
	for _, tt := range []struct {
		name string
		cfg  Config
		want string // "" passes
	}{
		{"a secret", Config{ClientID: client, Secret: hidden("s3cret")}, ""},
		{"a secret without a client id", Config{Secret: hidden("s3cret")}, "no client id"},
		{"nothing", Config{ClientID: client}, "there is none"},
		{"a secret file", Config{ClientID: client, SecretFile: aSecret}, ""},
		{"a secret and a secret file", Config{ClientID: client, Secret: hidden("s3cret"), SecretFile: aSecret}, "there are several"},
		{"a federated token file", Config{ClientID: client, FederatedTokenFile: aToken}, ""},
		{"with a secret", Config{ClientID: client, FederatedTokenFile: aToken, Secret: hidden("s3cret")}, "there are several"},
		{"with a certificate", Config{ClientID: client, FederatedTokenFile: aToken, CertificateFile: aToken}, "there are several"},
		{"with a key", Config{ClientID: client, FederatedTokenFile: aToken, KeyFile: aToken}, "key file without a certificate"},
		{"a key alone", Config{ClientID: client, KeyFile: aToken}, "there is none"},
		{"all", Config{ClientID: client, Secret: hidden("x"), SecretFile: aSecret, CertificateFile: aToken, FederatedTokenFile: aToken}, "several"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				source(t, tt.cfg)
			} else {
				refused(t, tt.cfg, "client credential: ", tt.want)
			}
		})
	}
}

func TestKind(t *testing.T) {
	key := newKey(t, 2048)
	leaf, _ := newLeaf(t, key, someTime().AddDate(1, 0, 0))
	for want, cfg := range map[string]Config{
		"secret":      {Secret: hidden("s3cret")},
		"certificate": {CertificateFile: file(t, leaf+pkcs1(key))},
		"federated":   {FederatedTokenFile: file(t, token)},
	} {
		if got := source(t, cfg).Kind(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := source(t, Config{SecretFile: file(t, "s3cret")}).Kind(); got != "secret" {
		t.Errorf("got %q for a file", got)
	}
}

// Nothing of another proof stays in the form, whatever it was, whoever wrote it.
func TestAddReplacesEveryProof(t *testing.T) {
	key := newKey(t, 2048)
	leaf, _ := newLeaf(t, key, someTime().AddDate(1, 0, 0))
	for name, tt := range map[string]struct {
		cfg  Config
		want []string // besides client_id and scope
	}{
		"secret":      {Config{Secret: hidden("s3cret")}, []string{"client_secret"}},
		"certificate": {Config{CertificateFile: file(t, leaf+pkcs1(key))}, []string{"client_assertion", "client_assertion_type"}},
		"federated":   {Config{FederatedTokenFile: file(t, token)}, []string{"client_assertion", "client_assertion_type"}},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{
				"scope": {"a b"}, "client_id": {"old", "older"}, "client_secret": {"old", "older"},
				"client_assertion": {"old"}, "client_assertion_type": {"old", "older"},
			}
			if err := source(t, tt.cfg).Add(form, endpoint); err != nil {
				t.Fatal(err)
			}
			for _, proof := range tt.want {
				if len(form[proof]) != 1 || form.Get(proof) == "old" || form.Get(proof) == "" {
					t.Errorf("%s: got %d values, want a new one", proof, len(form[proof]))
				}
				form.Del(proof)
			}
			if want := (url.Values{"scope": {"a b"}, "client_id": {client}}); !reflect.DeepEqual(form, want) {
				t.Errorf("got also %v, want %v", form, want)
			}
		})
	}
}

func TestAddWithoutFormOrEndpoint(t *testing.T) {
	s := source(t, Config{Secret: hidden(marker)})
	form := url.Values{}
	for name, err := range map[string]error{"form": s.Add(nil, endpoint), "endpoint": s.Add(form, "")} {
		if err == nil {
			t.Fatalf("no %s: no error", name)
		}
		checkError(t, err, "no form or no token endpoint")
	}
	if len(form) != 0 {
		t.Errorf("got %v in the form", form)
	}
	if err := s.Add(form, endpoint); err != nil || form.Get("client_secret") != marker {
		t.Errorf("with both: %v", err)
	}
}
