package redisstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/test/servers"
)

// What stands where a record should, and is none, is not taken for an answer.
func TestGarbage(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	set := func(field, value string) func(string) {
		return func(key string) { server.Do("HSET", key, field, value) }
	}
	unset := func(field string) func(string) { return func(key string) { server.Do("HDEL", key, field) } }
	tests := []struct {
		name   string
		spoil  func(key string)
		update bool // is done all the same, because it does not look at this field
	}{
		{"a string", func(key string) { server.Do("SET", key, "text") }, false},
		{"a list", func(key string) { server.Do("DEL", key); server.Do("RPUSH", key, "text") }, false},
		{"a hash of something else", func(key string) { server.Do("DEL", key); server.Do("HSET", key, "x", "y") }, false},
		{"no version", unset(fieldVersion), false},
		{"no value", unset(fieldValue), true},
		{"no user", unset(fieldUser), true},
		{"no sid", unset(fieldSID), true},
		{"no issued", unset(fieldIssued), true},
		{"no seen", unset(fieldSeen), true},
		{"no expires", unset(fieldExpires), true},
		{"no label", unset(fieldLabel), true},
		{"version 0", set(fieldVersion, "0"), false},
		{"a version that is no number", set(fieldVersion, "one"), false},
		{"a negative version", set(fieldVersion, "-1"), false},
		{"an empty value", set(fieldValue, ""), true},
		{"a value that is too large", set(fieldValue, strings.Repeat("x", session.MaxValue+1)), true},
		{"a label that is too long", set(fieldLabel, strings.Repeat("x", session.MaxLabel+1)), true},
		{"a short user", set(fieldUser, "ab"), true},
		{"a user in other letters", set(fieldUser, strings.Repeat("z", 64)), true},
		{"a time that is no number", set(fieldIssued, "today"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := create(t, s)
			if _, err := s.Get(t.Context(), r.Key); err != nil {
				t.Fatal(err) // as it is nothing is wrong
			}
			tt.spoil(s.keys.record(text(r.Key)))
			got, err := s.Get(t.Context(), r.Key)
			if got != nil || err == nil || errors.Is(err, session.ErrNoRecord) {
				t.Errorf("get: %v, %v, want an error that does not say that it has gone", got, err)
			}
			if err != nil && strings.Contains(err.Error(), string(r.Value)) {
				t.Errorf("the error holds the value: %v", err)
			}
			r.Version = 2
			err = s.Update(t.Context(), r, 1)
			if done := err == nil; done != tt.update || errors.Is(err, session.ErrNoRecord) {
				t.Errorf("update: %v", err)
			}
			if n, err := s.Delete(t.Context(), r.Key); n != 1 || err != nil {
				t.Errorf("delete: %d, %v, want it to be removed", n, err)
			}
			if _, err := s.Get(t.Context(), r.Key); !errors.Is(err, session.ErrNoRecord) {
				t.Errorf("get what was deleted: %v", err)
			}
		})
	}
}

// A list with a damaged record in it is not told without it.
func TestListGarbage(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	r := create(t, s)
	q := session.Query{Users: []session.Handle{r.User}, Limit: 10}
	if list, _, err := s.List(t.Context(), q); len(list) != 1 || err != nil {
		t.Fatalf("list: %d, %v", len(list), err)
	}
	for name, spoil := range map[string][]string{
		"a field that is missing":  {"HDEL", s.keys.record(text(r.Key)), fieldSeen},
		"something else":           {"SET", s.keys.record(text(r.Key)), "text"},
		"an index that is none":    {"SET", s.keys.user(r.User), "text"},
		"an entry that is no key":  {"ZADD", s.keys.user(r.User), "1", "text"},
		"an entry of another user": {"ZADD", s.keys.user(r.User), "1", text(create(t, s).Key)},
	} {
		t.Run(name, func(t *testing.T) {
			server.Do("DEL", s.keys.user(r.User))
			if _, err := s.Delete(t.Context(), r.Key); err != nil {
				t.Fatal(err)
			}
			if err := s.Create(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if spoil[0] == "SET" {
				server.Do("DEL", spoil[1])
			}
			server.Do(spoil...)
			list, _, err := s.List(t.Context(), q)
			switch name {
			case "an entry of another user":
				if len(list) != 1 || list[0].Key != r.Key || err != nil {
					t.Errorf("list: %d, %v, want the user's own", len(list), err)
				}
			case "an entry that is no key": // is the same as one without a record
				if len(list) != 1 || err != nil {
					t.Errorf("list: %d, %v", len(list), err)
				}
			default:
				if err == nil {
					t.Errorf("list: %d records and no error", len(list))
				}
			}
		})
	}
}

func TestPlacesOfList(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	key := text(random[session.Key]())
	for after, ok := range map[string]bool{
		"": true, "0..": true, "0.1." + key: true, "1..": false, "-1..": false, "0": false, "0.1": false, "0.1.": false, "0.." + key: false,
		"0.x." + key: false, "0.-1." + key: false, "0.1." + key[2:]: false, "0.1.x" + key[1:]: false, "0.1." + key + ".": false, "x..": false,
	} {
		if _, _, err := s.List(t.Context(), session.Query{After: after, Limit: 1}); (err == nil) != ok {
			t.Errorf("list after %q: %v", after, err)
		}
	}
	for limit, ok := range map[int]bool{1: true, maxLimit: true, 0: false, -1: false, maxLimit + 1: false} {
		if _, _, err := s.List(t.Context(), session.Query{Limit: limit}); (err == nil) != ok {
			t.Errorf("list %d: %v", limit, err)
		}
	}
}

// Whatever is between two pages, a record that stays is on one of them.
func TestPagesOfEqualExpiry(t *testing.T) {
	server := servers.StartRedis(t, servers.RedisOptions{})
	s := open(t, configOf(server, newRealm()))
	user, expires := random[session.Handle](), time.Now().Add(time.Hour)
	stay := map[session.Key]bool{}
	for range 25 {
		r := newRecord()
		r.User, r.Expires = user, expires
		if err := s.Create(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		stay[r.Key] = true
	}
	q := session.Query{Users: []session.Handle{user}, Limit: 4}
	seen := map[session.Key]bool{}
	for page := range 100 {
		list, next, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			seen[r.Key] = true
		}
		if next == "" {
			break
		}
		q.After = next
		last := list[len(list)-1].Key
		if page%3 == 0 { // the place itself goes
			if _, err := s.Delete(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			delete(stay, last)
		} else if page%3 == 1 { // or moves on
			if err := s.Touch(t.Context(), last, time.Now(), expires.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for key := range stay {
		if !seen[key] {
			t.Errorf("a record is on no page")
		}
	}
	if len(stay) < 10 {
		t.Error("too few are left")
	}
}
