package examples

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

const registrationReadme = "app-registration/README.md"

// stand-in for az: it writes down its arguments, and what stands in the files that they name, and answers as az
// does to the few questions that the script has. AZ_FAILS is a beginning of a command that fails.
const azure = `#!/usr/bin/env bash
{
  printf '%s\0' "$@"
  for argument in "$@"; do
    [[ $argument != @* ]] || { printf 'FILE '; cat "${argument#@}"; printf '\0'; }
  done
  printf '\1'
} >> "$AZ_LOG"
[[ -z $AZ_FAILS || "$*" != "$AZ_FAILS"* ]] || { echo 'ERROR: (Forbidden)' >&2; exit 1; }
[[ "$*" != *'--output none'* ]] || exit 0
case "$1 $2 $3" in
  'account show --query') echo 2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11 ;;
  'ad app create') echo 7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f ;;
  'ad app credential') echo "$AZ_SECRET" ;;
  'ad sp update' | 'ad app permission' | 'rest --method PATCH') echo 'something that nobody asked for' ;;
esac
`

// registered runs the commands of a block of the README with a stand-in for az. calls are its commands, each with
// its arguments and then the files.
func registered(t *testing.T, fails, script string) (folder, stdout, stderr string, code int, calls [][]string) {
	t.Helper()
	folder = t.TempDir()
	stdout, stderr, code, calls = registeredIn(t, folder, fails, script)
	return folder, stdout, stderr, code, calls
}

// registeredIn does the same in a folder in which something lies already.
func registeredIn(t *testing.T, folder, fails, script string) (stdout, stderr string, code int, calls [][]string) {
	t.Helper()
	bin, log := t.TempDir(), filepath.Join(folder, "az.log")
	write(t, filepath.Join(bin, "az"), azure)
	if err := os.Chmod(filepath.Join(bin, "az"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + bin + ":" + os.Getenv("PATH")
	stdout, stderr, code = shell(t, folder, []string{path, "AZ_LOG=" + log, "AZ_FAILS=" + fails, "AZ_SECRET=" + secret, "WAIT=0"}, script)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for call := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x01"), "\x01") {
		calls = append(calls, strings.Split(strings.TrimSuffix(call, "\x00"), "\x00"))
	}
	return stdout, stderr, code, calls
}

// withAz is the n-th block of commands under "With az", with this repository in place of /path/to.
func withAz(t *testing.T, n int) string {
	t.Helper()
	return commands(t, registrationReadme, "With az", n, "/path/to/easyauth", repository(t))
}

// find returns the call that begins like this; its last argument is what stands in the file that it names.
func find(t *testing.T, calls [][]string, begin ...string) []string {
	t.Helper()
	i := slices.IndexFunc(calls, func(c []string) bool { return len(c) >= len(begin) && slices.Equal(c[:len(begin)], begin) })
	if i < 0 {
		t.Fatalf("az %q was not called: %q", begin, calls)
	}
	return calls[i]
}

// registration is what is written into Entra ID's object: no member beside these.
type registration struct {
	IdentifierURIs []string `json:"identifierUris"`
	AppRoles       []struct {
		ID, Value, DisplayName, Description string
		AllowedMemberTypes                  []string
		IsEnabled                           bool
	}
	API struct {
		RequestedAccessTokenVersion int
		OAuth2PermissionScopes      []struct {
			ID, Value, Type                                                                                  string
			IsEnabled                                                                                        bool
			AdminConsentDisplayName, AdminConsentDescription, UserConsentDisplayName, UserConsentDescription string
		}
	}
	GroupMembershipClaims string
	OptionalClaims        struct{ IDToken, AccessToken []struct{ Name string } }
}

func patched(t *testing.T, calls [][]string) registration {
	t.Helper()
	call := find(t, calls, "rest", "--method", "PATCH", "--url", "https://graph.microsoft.com/v1.0/applications(appId='"+clientID+"')")
	decoder := json.NewDecoder(bytes.NewReader([]byte(strings.TrimPrefix(call[len(call)-1], "FILE "))))
	decoder.DisallowUnknownFields()
	var r registration
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%v\n%s", err, call[len(call)-1])
	}
	return r
}

func TestRegisterWithAz(t *testing.T) {
	t.Parallel()
	folder, out, errs, code, calls := registered(t, "", withAz(t, 1))
	if want := promised(t, registrationReadme, "With az", 1); code != 0 || out != want {
		t.Fatalf("exit code %d\nprints %q\nwanted %q\n%s", code, out, want, errs)
	}
	accepted(t, "what register.sh prints", variables(t, out))
	if text, err := os.ReadFile(filepath.Join(folder, "client-secret")); err != nil || string(text) != secret {
		t.Errorf("client-secret: %v", err)
	}
	if info, err := os.Stat(filepath.Join(folder, "client-secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("client-secret may be read by others: %v %v", info, err)
	}
	create := strings.Join(find(t, calls, "ad", "app", "create"), " ")
	if !strings.Contains(create, "--web-redirect-uris https://app.example.com/easyauth/signin-oidc https://app.example.com/easyauth/signout-callback-oidc --") {
		t.Errorf("the redirect URIs: %s", create)
	}
	r := patched(t, calls)
	if len(r.AppRoles) != 1 || r.AppRoles[0].Value != "Admin" || !r.AppRoles[0].IsEnabled || !access.IsGUID(r.AppRoles[0].ID) {
		t.Errorf("app roles: %+v", r.AppRoles)
	}
	scopes := r.API.OAuth2PermissionScopes
	if len(scopes) != 1 || scopes[0].Value != "Orders.Read" || !access.IsGUID(scopes[0].ID) || scopes[0].ID == r.AppRoles[0].ID || r.API.RequestedAccessTokenVersion != 2 || !slices.Equal(r.IdentifierURIs, []string{ownAPI}) {
		t.Errorf("its API: %+v %v", r.API, r.IdentifierURIs)
	}
	if !slices.ContainsFunc(calls, func(c []string) bool {
		last := c[len(c)-1]
		return strings.Contains(last, "preAuthorizedApplications") && strings.Contains(last, scopes[0].ID) && json.Valid([]byte(strings.TrimPrefix(last, "FILE ")))
	}) {
		t.Error("az is not an authorized client for that scope")
	}
	for _, call := range calls {
		if strings.Contains(strings.Join(call, " "), secret) {
			t.Errorf("the secret is an argument of %q", call)
		}
	}
}

// A file client-secret that is there already, and others may read or have put there, does not get the secret: a new one
// takes its place.
func TestRegisterReplacesTheSecretFile(t *testing.T) {
	t.Parallel()
	for what, before := range map[string]func(own, elsewhere string) error{
		"nothing":                 func(string, string) error { return nil },
		"a file that all read":    func(own, _ string) error { return os.WriteFile(own, []byte("old"), 0o644) },
		"a link to a file":        func(own, elsewhere string) error { return os.Symlink(elsewhere, own) },
		"a hard link to a file":   func(own, elsewhere string) error { return os.Link(elsewhere, own) },
		"a link that leads to no": func(own, elsewhere string) error { return os.Symlink(elsewhere+"-absent", own) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "of-others")
			own := filepath.Join(folder, "client-secret")
			if err := os.WriteFile(elsewhere, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := before(own, elsewhere); err != nil {
				t.Fatal(err)
			}
			if _, errs, code, _ := registeredIn(t, folder, "", withAz(t, 1)); code != 0 {
				t.Fatalf("exit code %d\n%s", code, errs)
			}
			info, err := os.Lstat(own)
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("client-secret is %v, %v", info.Mode(), err)
			}
			if text, err := os.ReadFile(own); err != nil || string(text) != secret {
				t.Errorf("client-secret holds %q, %v", text, err)
			}
			if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "old" {
				t.Errorf("another file was written: %v", err)
			}
			if files, err := filepath.Glob(filepath.Join(folder, "client-secret?*")); err != nil || len(files) > 0 {
				t.Errorf("left behind: %q, %v", files, err)
			}
		})
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "client-secret"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(repository(t), "examples", "app-registration", "register.sh")
	if out, errs, code := shell(t, folder, nil, script+" app.example.com"); code != 2 || out != "" || !strings.Contains(errs, "client-secret") {
		t.Errorf("with a folder of that name: exit code %d, %q\n%s", code, out, errs)
	}
}

func TestRegisterForWorkloadIdentity(t *testing.T) {
	t.Parallel()
	_, block, _ := strings.Cut(withAz(t, 2), "\n") // the first line asks AKS
	folder, out, errs, code, calls := registered(t, "", "ISSUER=https://cluster.example/id/\n"+strings.Replace(block, "app.example.com", "app.example.com www.example.com", 1))
	if code != 0 || strings.Contains(out, "SECRET") || !strings.Contains(out, "EASYAUTH_HOSTS=app.example.com,www.example.com\n") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	accepted(t, "what register.sh prints", variables(t, out))
	if _, err := os.Stat(filepath.Join(folder, "client-secret")); err == nil {
		t.Error("there is a secret")
	}
	call := find(t, calls, "ad", "app", "federated-credential", "create")
	var credential struct {
		Name, Issuer, Subject string
		Audiences             []string
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(call[len(call)-1], "FILE ")), &credential); err != nil {
		t.Fatal(err)
	}
	if credential.Issuer != "https://cluster.example/id/" || credential.Subject != "system:serviceaccount:easyauth:easyauth" || !slices.Equal(credential.Audiences, []string{"api://AzureADTokenExchange"}) {
		t.Errorf("%+v", credential)
	}
	if create := strings.Join(find(t, calls, "ad", "app", "create"), " "); strings.Count(create, "https://www.example.com/easyauth/sign") != 2 {
		t.Errorf("the second host: %s", create)
	}
}

// When one of the commands fails, nothing is said that looks like a configuration.
func TestRegisterFails(t *testing.T) {
	t.Parallel()
	_, _, _, _, calls := registered(t, "", withAz(t, 1))
	if len(calls) < 8 {
		t.Fatalf("only %d calls of az", len(calls))
	}
	for _, command := range []string{"account show", "ad app create", "ad sp create", "rest --method PATCH", "ad sp update", "ad app permission add", "ad app permission admin-consent", "ad app credential reset"} {
		script := strings.Replace(withAz(t, 1), "az login\n", "", 1)
		if _, out, _, code, _ := registered(t, command, script); code == 0 || out != "" {
			t.Errorf("az %s fails: exit code %d, %q", command, code, out)
		}
	}
	script := filepath.Join(repository(t), "examples", "app-registration", "register.sh")
	for _, arguments := range []string{"", "--help", "--issuer https://x", "--hosts app.example.com"} {
		if out, _, code := shell(t, t.TempDir(), nil, script+" "+arguments); code != 2 || out != "" {
			t.Errorf("register.sh %s: exit code %d, %q", arguments, code, out)
		}
	}
}

// Terraform's file says the same as the script, and names nothing that is not there. That is all that is checked of
// it here.
func TestTerraform(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`(?m)\s*#.*$`).ReplaceAllString(read(t, "app-registration/main.tf"), "")
	_, _, _, _, calls := registered(t, "", withAz(t, 1))
	r := patched(t, calls)

	all := func(pattern string) (found []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		return found
	}
	names := func(list []struct{ Name string }) (out []string) {
		for _, c := range list {
			out = append(out, c.Name)
		}
		return out
	}
	for what, pair := range map[string][2][]string{
		"claims of ID tokens":     {all(`\bid_token \{\s*name = "(\w+)"`), names(r.OptionalClaims.IDToken)},
		"claims of access tokens": {all(`access_token \{\s*name = "(\w+)"`), names(r.OptionalClaims.AccessToken)},
		"roles and scopes":        {all(`\bvalue +=\s+"(\S+)"`), {r.AppRoles[0].Value, r.API.OAuth2PermissionScopes[0].Value}},
		"groups":                  {all(`group_membership_claims = \["(\w+)"\]`), {r.GroupMembershipClaims}},
		"redirect URIs":           {all(`"https://\$\{host\}(/\S+)"`), {"/easyauth/signin-oidc", "/easyauth/signout-callback-oidc"}},
		"the subject":             {all(`subject +=\s+"(\S+)"`), {"system:serviceaccount:easyauth:easyauth"}},
	} {
		if len(pair[0]) == 0 || !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s: Terraform has %q, the script %q", what, pair[0], pair[1])
		}
	}

	declared := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(resource|data|variable) "(\w+)"(?: "(\w+)")? \{`).FindAllStringSubmatch(text, -1) {
		declared[map[string]string{"resource": "", "data": "data.", "variable": "var."}[m[1]]+strings.TrimSuffix(m[2]+"."+m[3], ".")] = true
	}
	for _, name := range all(`\b((?:data\.)?(?:azuread|random)_\w+\.\w+|var\.\w+)`) {
		if !declared[name] {
			t.Errorf("%s is not declared", name)
		}
	}
	for _, pair := range []string{"{}", "[]", "()"} {
		if a, b := strings.Count(text, pair[:1]), strings.Count(text, pair[1:]); a != b {
			t.Errorf("%d %s and %d %s", a, pair[:1], b, pair[1:])
		}
	}
}
