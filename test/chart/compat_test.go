package chart

import (
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	networking "k8s.io/api/networking/v1"
)

// old is what EasyAuthForK8s' chart needs, with our image.
const old = `
image: {repository: registry.example.com/easyauth}
appHostName: app.example.com
azureAd: {tenantId: ` + tenantID + `, clientId: ` + clientID + `}
secret: {azureclientsecret: s3cret}
`

// Values of EasyAuthForK8s' chart become our variables.
func TestOldValues(t *testing.T) {
	tests := []struct{ name, change, variable, want string }{
		{"a host", "", "EASYAUTH_HOSTS", "app.example.com"},
		{"a host that is listed too", "hosts: [other.example.com, app.example.com]", "EASYAUTH_HOSTS", "other.example.com,app.example.com"},
		{"a tenant", "", "EASYAUTH_TENANT_ID", tenantID},
		{"a tenant in both the same", "tenantId: " + strings.ToUpper(tenantID), "EASYAUTH_TENANT_ID", strings.ToUpper(tenantID)},
		{"a client", "", "EASYAUTH_CLIENT_ID", clientID},
		{"an instance", "azureAd: {instance: https://login.microsoftonline.us/}", "EASYAUTH_INSTANCE", "https://login.microsoftonline.us/"},
		{"a domain", "azureAd: {domain: contoso.com}", "EASYAUTH_DOMAIN_HINT", "contoso.com"},
		{"a domain of B2C beside the tenant", "azureAd: {domain: contoso.onmicrosoft.com, signUpSignInPolicyId: B2C_1_a, instance: https://contoso.b2clogin.com}", "EASYAUTH_TENANT_ID", tenantID},
		{"a domain of B2C in its place", "azureAd: {tenantId: '', domain: contoso.onmicrosoft.com, signUpSignInPolicyId: B2C_1_a, instance: https://contoso.b2clogin.com}", "EASYAUTH_TENANT_ID", "contoso.onmicrosoft.com"},
		{"a policy", "azureAd: {signUpSignInPolicyId: B2C_1_a, instance: https://contoso.b2clogin.com}", "EASYAUTH_SIGNUP_SIGNIN_POLICY", "B2C_1_a"},
		{"no domain hint with a policy", "azureAd: {domain: contoso.onmicrosoft.com, signUpSignInPolicyId: B2C_1_a, instance: https://contoso.b2clogin.com}", "EASYAUTH_DOMAIN_HINT", ""},
		{"a callback", "azureAd: {callbackPath: /back}", "EASYAUTH_CALLBACK_PATH", "/easyauth/back"},
		{"a callback below another path", "basePath: /sso\nazureAd: {callbackPath: /back}", "EASYAUTH_CALLBACK_PATH", "/sso/back"},
		{"a return after sign-out", "azureAd: {signedOutCallbackPath: /out}", "EASYAUTH_SIGNED_OUT_PATH", "/easyauth/out"},
		{"a sign-in path", "easyAuthForK8s: {signinPath: /in}", "EASYAUTH_SIGNIN_PATH", "/easyauth/in"},
		{"a path to ask", "easyAuthForK8s: {authPath: /ask}", "EASYAUTH_AUTH_PATH", "/easyauth/ask"},
		{"bearer tokens", "easyAuthForK8s: {allowBearerToken: 'true'}", "EASYAUTH_ALLOW_BEARER", "true"},
		{"bearer tokens as .NET writes it", "easyAuthForK8s: {allowBearerToken: 'True'}", "EASYAUTH_ALLOW_BEARER", "true"},
		{"no bearer tokens", "easyAuthForK8s: {allowBearerToken: false}", "EASYAUTH_ALLOW_BEARER", "false"},
		{"no compression", "easyAuthForK8s: {compressCookieClaims: 'false'}", "EASYAUTH_COMPRESS", "false"},
		{"a page after sign-in", "easyAuthForK8s: {defaultRedirectAfterSignin: /welcome}", "EASYAUTH_DEFAULT_REDIRECT", "/welcome"},
		{"a prefix", "easyAuthForK8s: {responseHeaderPrefix: x-auth-}", "EASYAUTH_HEADER_PREFIX", "x-auth-"},
		{"an encoding", "easyAuthForK8s: {claimEncodingMethod: base64}", "EASYAUTH_CLAIM_ENCODING", "Base64"},
		{"an encoding by number", "easyAuthForK8s: {claimEncodingMethod: 3}", "EASYAUTH_CLAIM_ENCODING", "NoneWithReject"},
		{"the first encoding", "easyAuthForK8s: {claimEncodingMethod: '0'}", "EASYAUTH_CLAIM_ENCODING", "UrlEncode"},
		{"a format", "easyAuthForK8s: {headerFormatOption: 1}", "EASYAUTH_HEADER_FORMAT", "Combined"},
		{"a level", "logging: {logLevel: Warning}", "EASYAUTH_LOG_LEVEL", "warn"},
		{"a level that we do not have", "logging: {logLevel: critical}", "EASYAUTH_LOG_LEVEL", "error"},
		{"a secret given elsewhere", "secret: {azureclientsecret: ''}\nazureAd: {clientSecret: s3cret}", "EASYAUTH_CLIENT_SECRET_FILE", "/run/secrets/easyauth/client-secret"},
		{"a Secret by name", "secret: {name: aad-secret, azureclientsecret: ''}", "EASYAUTH_CLIENT_SECRET_FILE", "/run/secrets/easyauth/client-secret"},
		{"what is not needed", "claimName: a\nvolumeName: b\nnamespace: " + namespace + "\neasyAuthForK8s: {dataProtectionFileLocation: /mnt/dp, signoutPath: /logout, signedOutNoRedirectPath: /signedout}", "EASYAUTH_BASE_PATH", "/easyauth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := objects(t, render(t, old, tt.change))
			content := contents(t, all)
			for _, ref := range []string{"Secret/easyauth-keys/keys", "Secret/aad-secret/CLIENT_SECRET"} {
				content[ref] = aKey
			}
			d := every[*apps.Deployment](t, all)[0]
			got := ""
			for _, e := range d.Spec.Template.Spec.Containers[0].Env {
				if e.Name == tt.variable {
					got = e.Value
				}
			}
			if got != tt.want {
				t.Errorf("%s is %q, want %q", tt.variable, got, tt.want)
			}
			_, problems := started(t, d, content)
			for _, problem := range problems {
				t.Error(problem)
			}
		})
	}
}

// What two values say differently, and what cannot be done any more, is refused; where they agree it is taken.
func TestOldValuesRefused(t *testing.T) {
	const other = "3d9446bf-a35f-4c1e-9a57-3b7d0c9a1e12"
	tests := []struct{ name, change, want string }{
		{"two tenants", "tenantId: " + other, "azureAd.tenantId (of EasyAuthForK8s) and tenantId are both set"},
		{"two clients", "clientId: " + other, "azureAd.clientId (of EasyAuthForK8s) and clientId are both set"},
		{"two secrets", "clientSecret: another", "secret.azureclientsecret (of EasyAuthForK8s) and clientSecret are both set"},
		{"two secrets both of theirs", "azureAd: {clientSecret: another}", "secret.azureclientsecret (of EasyAuthForK8s) and clientSecret are both set"},
		{"a secret and a reference", "clientSecretRef: {name: a}", "clientSecret and clientSecretRef are set together"},
		{"two paths", "easyAuthForK8s: {signinPath: /in}\npaths: {signin: /easyauth/on}", "easyAuthForK8s.signinPath (of EasyAuthForK8s) and paths.signin are both set"},
		{"two settings", "easyAuthForK8s: {allowBearerToken: 'true'}\nsettings: {allowBearer: false}", "easyAuthForK8s.allowBearerToken (of EasyAuthForK8s) and settings.allowBearer are both set"},
		{"a host that is not listed", "hosts: [other.example.com]", "appHostName (of EasyAuthForK8s) is app.example.com, which is not among hosts"},
		{"two certificates", "tlsSecretName: a\ningress: {tls: [{secretName: b}]}", "tlsSecretName (of EasyAuthForK8s) and ingress.tls are both set"},
		{"another namespace", "namespace: other", "install with --namespace other"},
		{"a path for sign-out", "easyAuthForK8s: {signoutPath: /bye}", "easyAuthForK8s.signoutPath"},
		{"a number that is no encoding", "easyAuthForK8s: {claimEncodingMethod: 4}", "must be one of UrlEncode, Base64, None, NoneWithReject"},
		{"a name of theirs that there is not", "azureAd: {tenantID: a}", "'tenantID' not allowed"},
		{"a level that there is not", "logging: {logLevel: Loud}", "/logging/logLevel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			switch _, complaint, ok := template(t, old, tt.change); {
			case ok:
				t.Error("taken")
			case !strings.Contains(complaint, tt.want):
				t.Errorf("refused with %s\nwant %q", complaint, tt.want)
			}
		})
	}
	if _, complaint, ok := template(t, old); !ok {
		t.Errorf("what all begin with: %s", complaint)
	}
}

// What is no variable: the Ingress, the pods.
func TestOldValuesOfObjects(t *testing.T) {
	all := objects(t, render(t, old, "tlsSecretName: app-tls\nreplicaCount: 5\nimagePullSecrets: [{name: a}]\n"))
	i := every[*networking.Ingress](t, all)[0]
	if len(i.Spec.TLS) != 1 || i.Spec.TLS[0].SecretName != "app-tls" || len(i.Spec.TLS[0].Hosts) != 1 || i.Spec.TLS[0].Hosts[0] != "app.example.com" {
		t.Errorf("tls %v", i.Spec.TLS)
	}
	d := every[*apps.Deployment](t, all)[0]
	if *d.Spec.Replicas != 5 || len(d.Spec.Template.Spec.ImagePullSecrets) != 1 {
		t.Errorf("%d replicas, %d secrets for the registry", *d.Spec.Replicas, len(d.Spec.Template.Spec.ImagePullSecrets))
	}
	if got := contents(t, all)["Secret/easyauth/client-secret"]; got != "s3cret" {
		t.Errorf("the Secret holds %q", got)
	}
}
