package policy

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// window is a time of the day on some days, as clocks in a zone show it.
type window struct {
	days     [7]bool // by time.Weekday; of a window over midnight the day on which it begins
	from, to int     // minutes since midnight; from inclusive, to exclusive
	zone     *time.Location
}

const minutesOfDay = 24 * 60

// holds asks the clock on the wall: when it is set back, an hour is twice in a window
// or twice outside, and when it is set forward the hour that is left out is in none.
func (w *window) holds(in *Input) answer {
	if in.Now.IsZero() {
		return cannotTell(WhyTimeUnknown)
	}
	local := in.Now.In(w.zone)
	hour, minute, _ := local.Clock()
	at, today := hour*60+minute, local.Weekday()
	if w.from < w.to {
		return holds(w.days[today] && w.from <= at && at < w.to)
	}
	yesterday := (today + 6) % 7
	return holds(w.days[today] && at >= w.from || w.days[yesterday] && at < w.to)
}

// parseDays reads mon, tue … and mon-fri; sat-mon goes over the end of the week.
func parseDays(texts []string) (days [7]bool, err error) {
	for _, text := range texts {
		first, last, isRange := strings.Cut(text, "-")
		from, ok := weekday(first)
		to := from
		if isRange && ok {
			to, ok = weekday(last)
		}
		if !ok || isRange && from == to {
			return days, errors.New("must be a day or days: mon, tue, wed, thu, fri, sat, sun, mon-fri")
		}
		for d := from; ; d = (d + 1) % 7 {
			if days[d] {
				return days, errors.New("names a day twice")
			}
			days[d] = true
			if d == to {
				break
			}
		}
	}
	return days, nil
}

func weekday(text string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if text == strings.ToLower(d.String()[:3]) {
			return d, true
		}
	}
	return 0, false
}

// parseClock reads 08:00 and, where end, 24:00.
func parseClock(text string, end bool) (int, error) {
	wrong := errors.New("must be a time of the day in quotes, such as \"08:00\"")
	if len(text) != 5 || text[2] != ':' {
		return 0, wrong
	}
	hour, err := strconv.ParseUint(text[:2], 10, 8)
	if err != nil {
		return 0, wrong
	}
	minute, err := strconv.ParseUint(text[3:], 10, 8)
	at := int(hour*60 + minute)
	if err != nil || minute > 59 || at > minutesOfDay || at == minutesOfDay && !end {
		return 0, wrong
	}
	return at, nil
}
