package projections_test

import (
	"flag"
	"os"
	"testing"
)

// A round of the property test rebuilds and checks on both engines many times;
// 15 rounds take some seconds. -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}
