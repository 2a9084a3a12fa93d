package config

func ofProviderSettings() []Setting {
	return section(
		"Identity provider",
		Setting{
			Name:    "EASYAUTH_CLOUD",
			Meaning: "Microsoft's cloud: `public`, `usgov`, `usgovdod` or `china`. It gives the sign-in host, Microsoft Graph's address and the issuer of version 1 tokens. Without it the sign-in host tells the cloud.",
			Example: "usgov",
		},
		Setting{
			Name:    "EASYAUTH_INSTANCE",
			Meaning: "Base URL of the sign-in host, without the tenant; the default is that of the cloud. A sign-in host of another cloud than the one that is named is a fault. https; http on loopback only.",
			Example: "https://contoso.ciamlogin.com/",
		},
		Setting{
			Name:     "EASYAUTH_TENANT_ID",
			Required: "without an issuer",
			Meaning:  "Directory (tenant) ID: a GUID, or a domain of the tenant; or `organizations` or `common`, which need the list of allowed tenants. `consumers` is refused, because it would let everybody in.",
			Example:  "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11",
		},
		Setting{
			Name:     "EASYAUTH_ALLOWED_TENANTS",
			Required: "with `organizations` and `common`",
			Meaning:  "List of the tenants (GUIDs, at most 100) whose users may pass; it is applied at every check. With one tenant it is a fault, because no other is let in.",
			Example:  "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11",
		},
		Setting{
			Name:    "EASYAUTH_SIGNUP_SIGNIN_POLICY",
			Meaning: "Azure AD B2C: the user flow or policy with which people sign in. Tokens of another policy, such as one that resets passwords, are refused. Needs the sign-in host of the B2C tenant; one below `b2clogin.com` needs it.",
			Example: "B2C_1_signupsignin",
		},
		Setting{
			Name:    "EASYAUTH_ISSUER",
			Meaning: "An OIDC provider other than Microsoft's, exactly as its discovery document names itself in `issuer`. Set together with a variable of Microsoft's tenants or clouds it is a fault; an address of Microsoft's is, too. https; http on loopback only.",
			Example: "https://keycloak.example.com/realms/main",
		},
		Setting{
			Name:    "EASYAUTH_ROLES_CLAIM",
			Meaning: "Another provider's claim that holds roles: its name, or a path with dots. At most 128 characters. Needs an issuer.",
			Example: "realm_access.roles",
		},
		Setting{
			Name:    "EASYAUTH_GROUPS_CLAIM",
			Meaning: "Another provider's claim that holds groups: its name, or a path with dots. At most 128 characters. Needs an issuer.",
			Example: "cognito:groups",
		},
		Setting{
			Name:    "EASYAUTH_SCOPES_CLAIM",
			Meaning: "Another provider's claim that holds scopes: its name, or a path with dots. At most 128 characters. Needs an issuer.",
			Example: "scp",
		},
		Setting{
			Name:     "EASYAUTH_CLIENT_ID",
			Required: "always",
			Meaning:  "Application (client) ID of the app registration. With Entra ID one that is no GUID is a warning.",
			Example:  "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f",
		},
		Setting{
			Name:    "EASYAUTH_CLIENT_CAPABILITIES",
			Meaning: "`cp1` tells Entra ID that claims challenges are understood, so that Microsoft Graph may ask for a stronger sign-in. Not with another provider or B2C.",
			Example: "cp1",
		},
	)
}

func ofCredentialSettings() []Setting {
	return section(
		"Client credential",
		Setting{
			Name:     "EASYAUTH_CLIENT_SECRET",
			Required: "or another credential",
			Meaning:  "A client secret of the app registration: its value, not its ID.",
			Example:  "the-value-shown-once",
		},
		Setting{
			Name:    "EASYAUTH_CLIENT_SECRET_FILE",
			Meaning: "A file that holds the client secret. One line break at the end is cut; another one, or a blank around it, is a fault.",
			Example: "/run/secrets/easyauth/client-secret",
		},
		Setting{
			Name:    "EASYAUTH_CLIENT_CERTIFICATE_FILE",
			Meaning: "A PEM file that holds the certificate registered for the app (RSA, at least 2048 bits), before those above it.",
			Example: "/run/secrets/easyauth/tls.crt",
		},
		Setting{
			Name:    "EASYAUTH_CLIENT_KEY_FILE",
			Meaning: "A PEM file that holds the certificate's private key, not encrypted. Without it the key is in the certificate's file. Needs the certificate.",
			Example: "/run/secrets/easyauth/tls.key",
		},
	)
}

func ofWorkloadIdentitySettings() []Setting {
	return section(
		"AKS workload identity",
		Setting{
			Name:    "AZURE_FEDERATED_TOKEN_FILE",
			Meaning: "A file that holds the pod's token, which is the credential. It is read for every call. When another credential is set, that one counts, with a warning.",
			Example: "/var/run/secrets/azure/tokens/azure-identity-token",
		},
		Setting{
			Name:    "AZURE_CLIENT_ID",
			Meaning: "Stands for `EASYAUTH_CLIENT_ID` when that is not set. When both are set and differ, `EASYAUTH_CLIENT_ID` counts, with a warning.",
			Example: "7a0b8a8e-4c55-4d0a-8f0e-5b8a3c1d2e4f",
		},
		Setting{
			Name:    "AZURE_TENANT_ID",
			Meaning: "Stands for `EASYAUTH_TENANT_ID` when that is not set. When both are set and differ, `EASYAUTH_TENANT_ID` counts, with a warning.",
			Example: "2f1c6f0e-0d5b-4c1e-9a57-3b7d0c9a1e11",
		},
		Setting{
			Name:    "AZURE_AUTHORITY_HOST",
			Meaning: "Stands for `EASYAUTH_INSTANCE` when that is not set. Not used when `EASYAUTH_CLOUD` is set, with a warning when it is of another cloud.",
			Example: "https://login.microsoftonline.us/",
		},
	)
}
