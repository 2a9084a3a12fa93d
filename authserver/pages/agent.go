package pages

import "strings"

// maxAgent is how much of a User-Agent is read, in bytes.
const maxAgent = 1024

// word is a part of a User-Agent and what it is called.
type word struct{ mark, name string }

// AgentLabel is a short name for a browser, "Firefox on Linux", by its
// User-Agent: "" if the browser is not known, and without the system if only that
// is not. It is made of fixed words, at most 40 bytes, whatever the client sends.
// What it says is the client's claim: good to recognise a session by, for nothing
// else.
func AgentLabel(userAgent string) string {
	ua := userAgent[:min(len(userAgent), maxAgent)]
	// The order matters: browsers name those before them that they want to be taken for.
	browser := firstWord(ua, []word{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"Edge/", "Edge"},
		{"OPR/", "Opera"},
		{"OPT/", "Opera"},
		{"Opera", "Opera"},
		{"Vivaldi/", "Vivaldi"},
		{"YaBrowser/", "Yandex Browser"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"DuckDuckGo/", "DuckDuckGo"},
		{"FxiOS/", "Firefox"},
		{"Focus/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
		{"Trident/", "Internet Explorer"},
		{"MSIE ", "Internet Explorer"},
		{"Epiphany/", "GNOME Web"},
		{"Safari/", "Safari"},
	})
	system := firstWord(ua, []word{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "macOS"},
		{"FreeBSD", "FreeBSD"},
		{"OpenBSD", "OpenBSD"},
		{"Linux", "Linux"},
	})
	switch {
	case browser == "":
		return ""
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func firstWord(text string, words []word) string {
	for _, w := range words {
		if strings.Contains(text, w.mark) {
			return w.name
		}
	}
	return ""
}
