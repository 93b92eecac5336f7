package ports

import (
	"net"
	"strconv"
	"testing"
)

func TestPortsAreFreeAndNeverGivenTwice(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		got, err := Free(4)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range got {
			if seen[port] {
				t.Fatalf("port %d was given twice", port)
			}
			seen[port] = true
		}
	}
}

func TestATakenPortIsNotFree(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.Atoi(port)
	if free(n) {
		t.Fatalf("port %d is taken, and was found free", n)
	}
}
