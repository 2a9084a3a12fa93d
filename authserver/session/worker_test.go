package session_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/memstore"
)

// workers run beside each other until stop.
func workers(t *testing.T, stores ...session.Store) (logs []*bytes.Buffer, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, store := range stores {
		out := &bytes.Buffer{}
		w, err := session.NewWorker(store, slog.New(slog.NewTextHandler(out, nil)), 0)
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() { w.Run(ctx) })
		logs = append(logs, out)
	}
	return logs, func() { cancel(); running.Wait() }
}

func countingStore(memory *memstore.Store) *watched {
	return &watched{Store: memory, memory: memory, calls: map[string]int{}, before: map[string]func() error{}}
}

// Two workers sweep, one at a time, every minute or so, whatever is in the store.
func TestWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New(realm, nil)
		one, two := countingStore(memory), countingStore(memory.Another(realm))
		var mu sync.Mutex
		sweeping, most := 0, 0
		slow := func() error {
			mu.Lock()
			sweeping++
			most = max(most, sweeping)
			mu.Unlock()
			time.Sleep(40 * time.Second)
			mu.Lock()
			sweeping--
			mu.Unlock()
			return nil
		}
		one.on("sweep", slow)
		two.on("sweep", slow)
		_, stop := workers(t, one, two)
		time.Sleep(time.Hour)
		stop()
		if n := one.count("sweep") + two.count("sweep"); most != 1 || n < 30 || n > 130 {
			t.Errorf("%d sweeps, %d at a time", n, most)
		}
		if one.count("get")+two.count("get")+one.count("list")+two.count("list") != 0 {
			t.Error("a worker read sessions")
		}
	})
}

// What has expired goes, and what has not stays.
func TestWorkerRemoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := replicas(t, 1)
		defer stop()
		r[0].signIn(person(), nil)
		time.Sleep(23 * time.Hour)
		young := r[0].signIn(person(), nil)
		time.Sleep(2 * time.Hour)
		_, stopWorker := workers(t, r[0].store.memory)
		time.Sleep(time.Second)
		if n, err := r[0].store.memory.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("%d things were left, %v", n, err)
		}
		stopWorker()
		r[0].must("young", young, "ok")
	})
}

// A store that is down is told of once, and once when it is back.
func TestWorkerTellsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New(realm, nil)
		memory.Fail(errDown)
		logs, stop := workers(t, memory)
		time.Sleep(time.Hour)
		memory.Fail(nil)
		time.Sleep(time.Hour)
		stop()
		text := logs[0].String()
		if strings.Count(text, "level=WARN") != 1 || strings.Count(text, "level=INFO") != 1 || strings.Count(text, "\n") != 2 {
			t.Errorf("logged:\n%s", text)
		}
	})
}

// A worker that dies holds the others up for a while, not for ever.
func TestWorkerThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := memstore.New(realm, nil)
		if got, err := memory.Acquire(t.Context(), "sweep", "the dead one", 5*time.Minute); !got || err != nil {
			t.Fatal(got, err)
		}
		store := countingStore(memory.Another(realm))
		_, stop := workers(t, store)
		time.Sleep(4 * time.Minute)
		if n := store.count("sweep"); n != 0 {
			t.Errorf("%d sweeps beside another", n)
		}
		time.Sleep(4 * time.Minute)
		stop()
		if n := store.count("sweep"); n == 0 {
			t.Error("no sweep")
		}
	})
}

func TestNewWorkerRefuses(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	if _, err := session.NewWorker(memstore.New(realm, nil), log, 0); err != nil {
		t.Error(err)
	}
	if _, err := session.NewWorker(nil, log, 0); err == nil {
		t.Error("no store")
	}
	if _, err := session.NewWorker(memstore.New(realm, nil), nil, 0); err == nil {
		t.Error("no log")
	}
}
