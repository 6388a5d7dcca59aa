package calicopolicy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

const cases = "../tests/cases"

type answer struct {
	Decision *struct {
		Privilege struct{ Mode string }
		Overlay   struct {
			Verdict string
			Reason  *string
			Message string
		}
		Bundle string
	}
	Error *struct{ Kind, Text string }
}

// What is decided, in literals, so that a wrong recorded answer is seen too.
var expected = map[string]string{
	"ready":            "Privileged Proceed - Target: all 2 nodes have a route; the encapsulation may go",
	"held":             "Privileged Hold RoutesMissing Held: 2 of 3 nodes have no route: `node-b`, `node-c`",
	"non-privileged":   "NonPrivileged Unchanged - Target: no encapsulation that is in effect would be removed",
	"nodes-unreadable": "Privileged Hold NodesUnreadable Held: the nodes of the shoot could not be read: list nodes: Forbidden",
	"no-dataplane":     "Ipv6PodCidrUnknown: the shoot's status names no IPv6 pod network yet",
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cases, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What an answer says, in one line.
func summary(text []byte) string {
	var seen answer
	if err := json.Unmarshal(text, &seen); err != nil {
		return err.Error() + " in " + string(text)
	}
	if (seen.Error == nil) == (seen.Decision == nil) {
		return "neither a decision nor an error, or both: " + string(text)
	}
	if seen.Error != nil {
		return seen.Error.Kind + ": " + seen.Error.Text
	}
	decision, reason := seen.Decision, "-"
	if decision.Overlay.Reason != nil {
		reason = *decision.Overlay.Reason
	}
	return strings.Join([]string{decision.Privilege.Mode, decision.Overlay.Verdict, reason, decision.Bundle}, " ") + ": " +
		decision.Overlay.Message
}

func TestDecisionsAreThoseOfTheRecordedCases(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(cases, "*.request.json"))
	if err != nil || len(found) != len(expected) {
		t.Fatalf("%d cases, %d expected: %v", len(found), len(expected), err)
	}
	for name, want := range expected {
		got := Decide(read(t, name+".request.json"))
		if seen := summary(got); seen != want {
			t.Errorf("%s:\n got %s\nwant %s", name, seen, want)
		}
		var whole, recorded any
		if err := json.Unmarshal(got, &whole); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(read(t, name+".response.json"), &recorded); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(whole, recorded) {
			t.Errorf("%s: not the recorded answer: %s", name, got)
		}
	}
}

func TestBadInputIsAnswered(t *testing.T) {
	for _, bad := range []struct {
		request []byte
		want    string
	}{
		{nil, "NullRequest: the request is a null pointer"},
		{[]byte{}, "InvalidRequest: EOF while parsing a value at line 1 column 0"},
		{[]byte("\xff"), "NotUtf8: the request is not UTF-8 from byte 0 on"},
		{[]byte(`{"settings": 1}`), "InvalidRequest: invalid type: integer `1`, expected struct Settings at line 1 column 14"},
		{make([]byte, 64<<20+1), "TooLarge: the request has 67108865 bytes, more than 67108864"},
	} {
		if seen := summary(Decide(bad.request)); seen != bad.want {
			t.Errorf("got %s, want %s", seen, bad.want)
		}
	}
}

// Many goroutines with different requests at the same time: every one gets the answer to its own.
func TestManyGoroutines(t *testing.T) {
	requests := map[string][]byte{}
	for name := range expected {
		requests[name] = read(t, name+".request.json")
	}
	var group sync.WaitGroup
	wrong := make(chan string, 1)
	for worker := 0; worker < 64; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for round := 0; round < 50; round++ {
				for name, request := range requests {
					text := Decide(request)
					if summary(text) != expected[name] {
						select {
						case wrong <- name + ": " + string(text):
						default:
						}
						return
					}
				}
			}
		}()
	}
	group.Wait()
	select {
	case text := <-wrong:
		t.Error(text)
	default:
	}
}

func TestVersion(t *testing.T) {
	if Version() != "0.1.0" {
		t.Error(Version())
	}
}
