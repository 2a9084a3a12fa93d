package pages

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Message is an error or an information page. Every text is escaped and capped.
type Message struct {
	Status      int           // HTTP status; 0 is answered 500
	Title       string        // "You may not open this page"
	Text        string        // one or two sentences
	Details     []Detail      // what is missing, in which application
	Links       []Link        // the first is the one to click
	Correlation string        // shown as "Correlation id"
	RetryAfter  time.Duration // when above 0: header Retry-After in whole seconds, rounded up, and the page says it
}

// Detail is a label with its values. Without values it is not shown; more than
// 12 values are folded away.
type Detail struct {
	Label  string
	Values []string
}

// Link is a way on. One whose URL is neither http, https nor a path of ours is
// left out.
type Link struct{ Text, URL string }

type messageView struct {
	Text        string
	Retry       string
	Details     []detailView
	Links       []Link
	Correlation string
	Status      int // 0: not an error
}

type detailView struct {
	Label string
	List  list
}

// Message answers with an error or information page.
func (p *Pages) Message(w http.ResponseWriter, m Message) {
	v := messageView{Text: Cap(m.Text, maxText), Correlation: Cap(m.Correlation, maxCorrelation), Links: safeLinks(m.Links)}
	for _, d := range m.Details {
		if len(d.Values) > 0 {
			v.Details = append(v.Details, detailView{Cap(d.Label, maxLabel), newList(d.Values)})
		}
	}
	if m.Status >= http.StatusBadRequest {
		v.Status = m.Status
	}
	if m.RetryAfter > 0 {
		seconds := int64((m.RetryAfter + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
		v.Retry = retryText(seconds)
	}
	f := frame{Title: Cap(m.Title, maxTitle), Icon: icon(m.Status), Page: v}
	p.write(w, m.Status, kindMessage, f, "'none'")
}

// retryText is in minutes, rounded up, where nobody would count seconds.
func retryText(seconds int64) string {
	switch {
	case seconds == 1:
		return "Try again in 1 second."
	case seconds > 120:
		return fmt.Sprintf("Try again in %d minutes.", (seconds+59)/60)
	}
	return fmt.Sprintf("Try again in %d seconds.", seconds)
}

func safeLinks(links []Link) []Link {
	var safe []Link
	for _, l := range links {
		if u := linkURL(l.URL); u != "" {
			safe = append(safe, Link{Cap(l.Text, maxLabel), u})
		}
	}
	return safe
}

func icon(status int) string {
	switch {
	case status >= 200 && status < 300:
		return "done"
	case status == http.StatusForbidden:
		return "lock"
	case status == http.StatusServiceUnavailable:
		return "clock"
	}
	return "alert"
}
