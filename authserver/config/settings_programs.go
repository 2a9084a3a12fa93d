package config

func ofProgramsSettings() []Setting {
	return section(
		"Tokens for programs",
		Setting{
			Name:    "EASYAUTH_TOKEN_API",
			Meaning: "Whether programs can get tokens of EasyAuth's own (`ea_…`): for a token of the identity provider, or with the consent of a person in a browser. Turns the endpoints below `/easyauth/api/v1/` on.",
			Example: "true",
		},
		Setting{
			Name:    "EASYAUTH_TOKEN_LIFETIME",
			Meaning: "How long an access token is good: 1m to 24h, at most as long as a session. The default shrinks with a shorter session.",
			Example: "15m",
		},
		Setting{
			Name:    "EASYAUTH_EXCHANGE_AUDIENCES",
			Meaning: "List of other applications (client IDs, App ID URIs; at most 100) of the same tenants whose tokens may be exchanged too. Whoever runs one of them can act here for each of its users. Not those of Microsoft, and not with another provider or B2C.",
			Example: "api://orders, 33333333-4444-4555-8666-777777777777",
		},
		Setting{
			Name:    "EASYAUTH_EXCHANGE_CLIENTS",
			Meaning: "List of client IDs (at most 100) that may bring an access token for one of these applications: its claim `azp` or `appid`. Without any, ID tokens alone can be exchanged.",
			Example: "44444444-5555-4666-8777-888888888888",
		},
		Setting{
			Name:    "EASYAUTH_EXCHANGE_ROLES",
			Meaning: "What a role at another application is worth here: three words with blanks between, the audience, the role there and the role here; further mappings (at most 100) behind it or on lines of their own. Without it roles of another application count for nothing.",
			Example: "api://orders Orders.Read Reader",
		},
		Setting{
			Name:    "EASYAUTH_PROGRAMMATIC_REDIRECTS",
			Meaning: "List of https addresses (at most 50) that may get the code of a sign-in for a program, exactly as they are written, beside `http://127.0.0.1` and `http://[::1]` with any port.",
			Example: "https://tools.example.com/back",
		},
	)
}
