package graph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// FuzzNames reads any answer about groups: of checkMemberGroups, of a page of
// transitiveMemberOf, and of getByIds. What is read stands in the answer, and a list
// that goes on elsewhere, or holds what is no text, is none.
func FuzzNames(f *testing.F) {
	const id = "8f2a5c1e-9b3d-4e6f-a1b2-c3d4e5f60718"
	for _, seed := range []string{
		`{"value":["` + id + `","x"]}`, `{"value":[{"id":"` + id + `","displayName":"Sales"},{"id":"` + strings.ToUpper(id) + `","displayName":null}]}`,
		`{"value":[{"id":"` + id + `","displayName":"a"},{"id":"` + id + `","displayName":"b"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/me/x?$skiptoken=y"}`,
		`{"value":["` + id + `"],"@odata.nextLink":""}`, `{"value":[],"@odata.nextLink":null}`, `{"value":null}`, `{"value":[5]}`, `{"VALUE":["` + id + `"]}`, `[]`, ``, `{"value":[{"id":"` + id + `","displayName":"\u0000\u202e` + strings.Repeat("é", 200) + `"}]}`,
	} {
		f.Add([]byte(seed))
	}
	if names, err := readNames([]byte(`{"value":["` + id + `","x"]}`)); err != nil || len(names) != 2 {
		f.Fatal(err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var plain map[string]json.RawMessage
		_ = json.Unmarshal(answer, &plain)
		names, err := readNames(answer)
		it := item{Status: http.StatusOK, Body: answer, times: 1}
		if inBatch, batchErr := it.names(secret.New(theToken)); (batchErr == nil) != (err == nil) || !slices.Equal(inBatch, names) {
			t.Fatalf("%q, %v; in a batch %q, %v", names, err, inBatch, batchErr)
		}
		if next := string(plain["@odata.nextLink"]); err == nil && next != "" && next != "null" {
			t.Fatalf("half a list was taken for all of it: %q", names)
		}
		page, pageErr := readPage(answer)
		paged, link := page.names, page.next
		if pageErr == nil && link == "" && !absent(plain["@odata.nextLink"]) {
			t.Fatalf("the list goes on, and it was taken for all: %q", paged)
		}
		if err == nil && pageErr == nil && len(names)+len(paged) > 0 {
			t.Fatalf("one answer is two lists: %q, %q", names, paged)
		}
		list := groupList{seen: map[string]bool{}}
		if err := list.add(slices.Concat(names, paged)); err != nil || len(list.ids)+list.odd > len(names)+len(paged) {
			t.Fatalf("%d ids and %d others of %d, %v", len(list.ids), list.odd, len(names)+len(paged), err)
		}
		for _, one := range list.ids {
			if !access.IsGUID(one) || !strings.Contains(strings.ToLower(string(answer)), one) && !strings.Contains(string(answer), `\`) {
				t.Fatalf("id %q is not in the answer", one)
			}
		}
		named, err := readGroupNames(answer)
		if err != nil && named != nil {
			t.Fatal("names and an error")
		}
		for _, name := range named {
			if shown := displayName(name, maxGroupName); len(shown) > maxGroupName || utf8.ValidString(name) && !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }) || displayName(shown, maxGroupName) != shown {
				t.Fatalf("%q is shown as %q", name, shown)
			}
		}
	})
}

// FuzzRegistration reads any answer about the app registration. What is taken of it
// is bounded, about our client, and fit for lists of scopes and for links.
func FuzzRegistration(f *testing.F) {
	const id = "11111111-0000-4000-8000-000000000001"
	good := `{"appId":"` + id + `","displayName":"Orders","servicePrincipalNames":["` + id + `","api://orders","https://orders.example"],` +
		`"oauth2PermissionScopes":[{"isEnabled":true,"value":"Orders.Read"},{"isEnabled":false,"value":"Old"},{"isEnabled":true,"value":null}],` +
		`"info":{"logoUrl":"http://127.0.0.1/logo","supportUrl":"https://help.example/?a=b","privacyStatementUrl":null,"termsOfServiceUrl":"javascript:alert(1)"}}`
	for _, seed := range []string{
		good, strings.Replace(good, id, strings.ToUpper(id), 1), strings.Replace(good, "Orders.Read", `a\"b`, 1), strings.Replace(good, "Orders", `\u202e\u0000`+strings.Repeat("é", 150), 1), strings.Replace(good, `"info":{`, `"info":null,"x":{`, 1),
		`{"appId":"` + id + `","servicePrincipalNames":[],"oauth2PermissionScopes":[]}`, `{"appId":"other"}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	if r, _, err := readRegistration([]byte(good), id, true); err != nil || len(r.Scopes) != 1 || len(r.AppIDURIs) != 2 || r.LogoURL == "" || r.SupportURL == "" || r.TermsURL != "" {
		f.Fatalf("%+v, %v", r, err) // the seed must get as far as it can
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for _, local := range []bool{true, false} {
			r, dropped, err := readRegistration(answer, id, local)
			if err != nil {
				if r != nil {
					t.Fatal("a registration and an error")
				}
				return
			}
			if dropped < 0 || len(r.DisplayName) > maxName || strings.ContainsFunc(r.DisplayName, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) }) || displayName(r.DisplayName, maxName) != r.DisplayName {
				t.Fatalf("%d dropped, name %q", dropped, r.DisplayName)
			}
			for _, list := range [][]string{r.Scopes, r.AppIDURIs} {
				if len(list) > maxScopes || slices.ContainsFunc(list, func(s string) bool { return !access.IsScope(s) || len(s) > maxName }) {
					t.Fatalf("%q", list)
				}
			}
			for _, link := range []string{r.LogoURL, r.SupportURL, r.PrivacyURL, r.TermsURL} {
				onLoopback := local && link == r.LogoURL && strings.HasPrefix(strings.ToLower(link), "http://")
				if link != "" && !strings.HasPrefix(strings.ToLower(link), "https://") && !onLoopback || len(link) > maxURL || strings.ContainsAny(link, " \r\n\"<>\\@#") && strings.Contains(link, "\"") {
					t.Fatalf("link %q", link)
				}
			}
		}
	})
}

// FuzzHeard reads what comes besides a body: Retry-After, as a header and inside of a
// batch, and the code of an error. A wait is bounded, and a code is safe to log.
func FuzzHeard(f *testing.F) {
	f.Add("120", []byte(`{"Retry-After":"5","WWW-Authenticate":"Bearer x"}`), []byte(`{"error":{"code":"Request_ResourceNotFound","message":"m"}}`))
	f.Add("Sun, 01 Mar 2026 12:01:00 GMT", []byte(`{"retry-after":600}`), []byte(`"eyJlcnJvciI6eyJjb2RlIjoieCJ9fQ=="`))
	f.Add("-1", []byte(`{"Retry-After":[5]}`), []byte(`{"error":{"code":"`+theToken+`"}}`))
	f.Add("99999999999999999999", []byte(`[]`), []byte(`{"error":"x"}`))
	if retryAfter("120", testTime()) != 2*time.Minute || retryAfter("Sun, 01 Mar 2026 12:01:00 GMT", testTime()) != time.Minute {
		f.Fatal("the seeds must get as far as they can")
	}
	f.Fuzz(func(t *testing.T, header string, headers, body []byte) {
		it := item{Status: http.StatusTooManyRequests, Headers: headers, Body: body, times: 1}
		for _, text := range []string{header, it.heard().retryAfter} {
			if wait := retryAfter(text, testTime()); wait < 0 || wait > maxRetryAfter {
				t.Fatalf("%q: wait %v", text, wait)
			}
		}
		refused := answered(it.Status, it.errorBody().Code, secret.New(theToken))
		if strings.Contains(refused.Error(), theToken) || len(refused.Error()) > 100 || strings.ContainsAny(refused.Error(), "\r\n\"<>") {
			t.Fatalf("%q", refused.Error())
		}
		if it.times = 2; it.heard().retryAfter != "" || it.heard().challenges != nil {
			t.Fatal("an answer that came twice is heard")
		}
	})
}
