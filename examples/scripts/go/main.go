// Command orders calls an API behind EasyAuth with an access token, and prints the answer.
//
//	orders app       as an application, with the client credentials JOB_ID and JOB_SECRET_FILE
//	orders device    as a person, who signs in with a browser on any device; CLI_ID
//
// Exit code: 0 the answer is printed; 2 wrong use; 3 the token is good, and a scope, role or group is missing;
// 4 the application itself refuses; 1 everything else.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var (
	errUse         = errors.New("orders app | device")
	errMissing     = errors.New("something is missing")
	errApplication = errors.New("the application refuses")
)

func main() {
	err := run(context.Background(), os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	switch {
	case errors.Is(err, errUse):
		os.Exit(2)
	case errors.Is(err, errMissing):
		os.Exit(3)
	case errors.Is(err, errApplication):
		os.Exit(4)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errUse
	}
	// A redirect is an answer: the token must not follow it to wherever it leads.
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	endpoint := cmp.Or(os.Getenv("AUTHORITY"), "https://login.microsoftonline.com") + "/" + os.Getenv("TENANT_ID") + "/oauth2/v2.0/"
	api := "api://" + os.Getenv("API_ID")
	var tokens func() (oauth2.TokenSource, error) // new ones, which forget what was before
	switch args[0] {
	case "app":
		tokens = func() (oauth2.TokenSource, error) { return application(ctx, endpoint, api) }
	case "device":
		tokens = func() (oauth2.TokenSource, error) { return person(ctx, endpoint, api) }
	default:
		return errUse
	}
	return call(ctx, client, tokens, os.Getenv("API_URL"))
}

// application signs in as itself. The source keeps a token until it expires.
func application(ctx context.Context, endpoint, api string) (oauth2.TokenSource, error) {
	secret, err := os.ReadFile(os.Getenv("JOB_SECRET_FILE")) //nolint:gosec // who starts the program names the file
	if err != nil {
		return nil, err
	}
	conf := clientcredentials.Config{
		ClientID: os.Getenv("JOB_ID"), ClientSecret: strings.TrimSuffix(string(secret), "\n"),
		TokenURL: endpoint + "token", Scopes: []string{api + "/.default"}, AuthStyle: oauth2.AuthStyleInParams,
	}
	return conf.TokenSource(ctx), nil
}

// person waits until somebody has signed in with the code that it shows.
func person(ctx context.Context, endpoint, api string) (oauth2.TokenSource, error) {
	conf := oauth2.Config{
		ClientID: os.Getenv("CLI_ID"), Scopes: []string{api + "/" + cmp.Or(os.Getenv("SCOPE"), "Orders.Read")},
		Endpoint: oauth2.Endpoint{DeviceAuthURL: endpoint + "devicecode", TokenURL: endpoint + "token", AuthStyle: oauth2.AuthStyleInParams},
	}
	flow, err := conf.DeviceAuth(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "Open %s and enter %s\n", flow.VerificationURI, flow.UserCode)
	token, err := conf.DeviceAccessToken(ctx, flow)
	if err != nil {
		return nil, err
	}
	return oauth2.StaticTokenSource(token), nil
}

// call prints the answer of the API; it asks once more where that can help.
func call(ctx context.Context, client *http.Client, tokens func() (oauth2.TokenSource, error), url string) error {
	source, err := tokens()
	if err != nil {
		return err
	}
	for again := true; ; again = false {
		resp, err := get(ctx, client, source, url)
		if err != nil {
			return err
		}
		challenge := resp.Header.Get("WWW-Authenticate")
		if resp.StatusCode == http.StatusUnauthorized && again {
			switch {
			case strings.Contains(challenge, `error="invalid_token"`): // it has expired, or a key was replaced
				if source, err = tokens(); err != nil {
					return errors.Join(err, resp.Body.Close())
				}
				_ = resp.Body.Close()
				continue
			case !strings.Contains(challenge, `error="`): // it could not be checked just now, or EasyAuth takes no tokens
				_ = resp.Body.Close()
				time.Sleep(wait())
				continue
			}
		}
		return errors.Join(show(resp, challenge), resp.Body.Close())
	}
}

func get(ctx context.Context, client *http.Client, source oauth2.TokenSource, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil) //nolint:gosec // and the API
	if err != nil {
		return nil, err
	}
	token, err := source.Token()
	if err != nil {
		return nil, err
	}
	token.SetAuthHeader(req)
	req.Header.Set("Accept", "application/json")
	return client.Do(req) //nolint:gosec // as above
}

func wait() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("WAIT") + "s"); err == nil {
		return d
	}
	return 5 * time.Second
}

// show prints a good answer, and tells the others apart.
func show(resp *http.Response, challenge string) error {
	body, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		_, err := os.Stdout.Write(body)
		return err
	case resp.StatusCode == http.StatusUnauthorized && strings.Contains(challenge, `error="insufficient_scope"`):
		return fmt.Errorf("%w: %s", errMissing, challenge)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("refused: %s", challenge)
	case resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %s", errApplication, body)
	}
	return fmt.Errorf("the answer is %s", resp.Status)
}
