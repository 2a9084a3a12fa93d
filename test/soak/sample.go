package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// sample is what a server takes at one moment.
type sample struct {
	at         time.Duration // since the load began
	sent       int64         // requests until then
	rss, anon  float64       // bytes of memory that the system gave it: all, and without files
	heap       float64       // bytes of Go's heap, garbage included
	live       float64       // of them, what the last collection found in use
	goroutines float64
	files      float64 // open ones, connections among them
	series     float64 // of its metrics
	marked     string  // one of them that holds a text of a client's; "" if none does
	caches     map[string]cacheSize
}

// cacheSize is what a cache says of itself.
type cacheSize struct{ bytes, limit, entries float64 }

// meter takes samples of one server. It keeps one connection to its metrics.
type meter struct {
	pid    int
	admin  string // host:port
	client *http.Client
}

func newMeter(pid int, admin string) *meter {
	return &meter{pid: pid, admin: admin, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}}
}

// take reads the metrics first: what the server needs for them is in its memory then.
func (m *meter) take(ctx context.Context) (sample, error) {
	var s sample
	text, err := m.metrics(ctx)
	if err != nil {
		return s, err
	}
	s.read(text)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.pid))
	if err != nil {
		return s, fmt.Errorf("read the memory of the server: %w", err)
	}
	if s.rss, s.anon = kilobytes(status, "VmRSS:"), kilobytes(status, "RssAnon:"); s.rss == 0 || s.anon == 0 {
		return s, errors.New("the system does not say how much memory the server has")
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", m.pid))
	if err != nil {
		return s, fmt.Errorf("count the open files of the server: %w", err)
	}
	s.files = float64(len(files))
	return s, nil
}

func (m *meter) metrics(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.admin+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	return text, nil
}

// kilobytes reads a line of /proc/PID/status, in bytes; 0 if there is none.
func kilobytes(status []byte, name string) float64 {
	_, rest, _ := bytes.Cut(status, []byte("\n"+name))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}

// read takes what it needs from metrics in Prometheus' text form.
func (s *sample) read(text []byte) {
	s.caches = map[string]cacheSize{}
	var goal, percent float64 // the size at which garbage is collected, and how much more than is in use that is
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		series, number, ok := cutLast(line)
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			continue
		}
		s.series++
		if strings.Contains(series, mark) && s.marked == "" {
			s.marked = series
		}
		switch series {
		case "go_goroutines":
			s.goroutines = value
		case "go_memstats_heap_inuse_bytes":
			s.heap = value
		case "go_memstats_next_gc_bytes":
			goal = value
		case "go_gc_gogc_percent":
			percent = value
		default:
			s.readCache(series, value)
		}
	}
	s.live = goal / (1 + percent/100)
}

func (s *sample) readCache(series string, value float64) {
	metric, labels, _ := strings.Cut(series, "{")
	name := label(labels, "cache")
	if name == "" {
		return
	}
	c := s.caches[name]
	switch metric {
	case "easyauth_cache_bytes":
		c.bytes = value
	case "easyauth_cache_limit_bytes":
		c.limit = value
	case "easyauth_cache_entries":
		c.entries = value
	default:
		return
	}
	s.caches[name] = c
}

// label finds one of name="value",… .
func label(labels, name string) string {
	_, rest, found := strings.Cut(","+labels, ","+name+`="`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// cutLast cuts around the last blank: values of labels may hold some.
func cutLast(line string) (before, after string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}
