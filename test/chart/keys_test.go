package chart

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

const keysPath = "/api/v1/namespaces/" + namespace + "/secrets/easyauth-keys"

// keysIn returns the keys that the Secret of a cluster holds, as the file that pods see, or "" without the Secret.
func keysIn(t *testing.T, c *cluster) string {
	t.Helper()
	secret := c.get(keysPath)
	if secret == nil {
		return ""
	}
	data, _ := secret["data"].(map[string]any)
	encoded, _ := data["keys"].(string)
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	keys, next, err := config.ParseKeys(string(text))
	if err != nil || len(keys) != 1 || len(next) != 0 {
		t.Fatalf("the Secret holds no key that EasyAuth takes: %d and %d, %v", len(keys), len(next), err)
	}
	return string(text)
}

// install returns the arguments of an installation or upgrade with these values over the usual ones.
func install(t *testing.T, command string, values ...string) []string {
	t.Helper()
	args := []string{command, release, folder, "--namespace", namespace}
	return append(args, valueFlags(t, append([]string{minimal + secret}, values...)...)...)
}

// The key that nobody gave is made once: no upgrade, rollback or removal changes it, and a key that was replaced by
// hand does not come back.
func TestKeysAreMadeOnceAndKept(t *testing.T) {
	c := newCluster(t, namespace)
	c.must(t, install(t, "install")...)
	made := keysIn(t, c)
	if made == "" {
		t.Fatal("no Secret with keys was made")
	}
	same := func(when, want string) {
		t.Helper()
		if got := keysIn(t, c); got != want {
			t.Errorf("%s: other keys", when)
		}
	}
	c.must(t, install(t, "upgrade", "replicas: 3\n")...)
	same("upgraded", made)
	c.must(t, install(t, "upgrade", "settings: {sessionLifetime: 1h}\n")...)
	same("upgraded again", made)

	// An administrator replaces a key that leaked.
	c.put(keysPath, map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "easyauth-keys", "namespace": namespace},
		"data": map[string]any{"keys": base64.StdEncoding.EncodeToString([]byte(aKey))},
	})
	c.must(t, "rollback", release, "1", "--namespace", namespace)
	same("rolled back to the first revision", aKey)
	c.must(t, install(t, "upgrade")...)
	same("upgraded after the rotation", aKey)
	c.must(t, "uninstall", release, "--namespace", namespace)
	same("removed", aKey)
	if deployment := c.get("/apis/apps/v1/namespaces/" + namespace + "/deployments/easyauth"); deployment != nil {
		t.Error("the release was not removed, so this shows nothing")
	}
	c.must(t, install(t, "install")...)
	same("installed again", aKey)

	if writes := c.changed(keysPath); len(writes) != 1 || !strings.HasPrefix(writes[0], "POST ") {
		t.Errorf("Helm wrote the Secret %q, want once", writes)
	}
}

func TestKeysAreMade(t *testing.T) {
	t.Run("of another installation are others", func(t *testing.T) {
		a, b := newCluster(t, namespace), newCluster(t, namespace)
		a.must(t, install(t, "install")...)
		b.must(t, install(t, "install")...)
		if first, second := keysIn(t, a), keysIn(t, b); first == "" || first == second {
			t.Error("the same keys, or none")
		}
	})
	t.Run("in a namespace that Helm makes", func(t *testing.T) {
		c := newCluster(t)
		c.must(t, append(install(t, "install"), "--create-namespace")...)
		if keysIn(t, c) == "" {
			t.Error("no keys")
		}
	})
	t.Run("when a release that had others gives them up", func(t *testing.T) {
		c := newCluster(t, namespace)
		c.must(t, install(t, "install", "keysRef: {name: ours}\n")...)
		if keysIn(t, c) != "" {
			t.Fatal("keys were made beside those that are named")
		}
		c.must(t, install(t, "upgrade")...)
		if keysIn(t, c) == "" {
			t.Error("no keys")
		}
	})
	for name, values := range map[string]string{
		"not beside given ones":         "keys: " + aKey + "\n",
		"not beside one Secret for all": "clientSecretRef: {name: ''}\nexistingSecret: ours\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, namespace)
			c.must(t, install(t, "install", values)...)
			if keysIn(t, c) != "" {
				t.Error("keys were made")
			}
		})
	}
}

// Without a cluster nobody knows whether there are keys already. New ones at each rendering would end all sessions
// each time, so none are made, and pods wait for the Secret.
func TestNoKeysWithoutACluster(t *testing.T) {
	text := render(t, minimal+secret)
	for _, o := range objects(t, text) {
		if o.Kind == "Secret" {
			t.Errorf("the Secret %s was made", o.Metadata.Name)
		}
	}
	if !strings.Contains(text, "name: easyauth-keys") {
		t.Error("nothing reads the Secret easyauth-keys")
	}
}
