package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
)

// check compares what a token came to with the row.
func (row *claimRow) check(t *testing.T, got reached) {
	t.Helper()
	filled := func(text string) string {
		for _, name := range []string{"oid", "iss"} {
			text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(got.token[name]))
		}
		return text
	}
	field, want, told := strings.Cut(row.field, "=")
	if !told {
		want = row.want
	}
	switch {
	case field == "":
		if text := fieldText(&got.identity, "Claims", row.claim); text != none {
			t.Errorf("among other claims it is %q", text)
		}
	default:
		if text := fieldText(&got.identity, field, row.claim); text != filled(want) {
			t.Errorf("%s is %q, want %q", field, text, filled(want))
		}
	}
	values, there := got.header[http.CanonicalHeaderKey("x-injected-"+row.header)]
	switch {
	case row.want == none && there:
		t.Errorf("the header is %q", values)
	case row.want == none:
	case len(values) != 1:
		t.Errorf("%d headers", len(values))
	default:
		if text := decoded(t, values[0]); text != filled(row.want) {
			t.Errorf("the header is %q, want %q", text, filled(row.want))
		}
	}
}

// fieldText gives a field of an identity as rows write it; of Claims it is the
// claim of a name.
func fieldText(id *access.Identity, field, claim string) string {
	if field == "Claims" {
		for _, c := range id.Claims {
			if c.Name == claim {
				return strings.Join(c.Values, "¦")
			}
		}
		return none
	}
	switch value := reflect.ValueOf(*id).FieldByName(field).Interface().(type) {
	case []string:
		return strings.Join(value, "¦")
	case time.Time:
		return strconv.FormatInt(value.Unix(), 10)
	default:
		return fmt.Sprint(value)
	}
}

// decoded undoes UrlEncode for each value of a list; values stand between broken
// bars, because a bar may be in them.
func decoded(t *testing.T, header string) string {
	t.Helper()
	var values []string
	for value := range strings.SplitSeq(header, "|") {
		text, err := url.QueryUnescape(value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
	}
	return strings.Join(values, "¦")
}
