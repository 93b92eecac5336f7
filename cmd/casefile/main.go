// Command casefile is the whole program: the server, and the operator's command
// line over a data directory (catalogue §3). Data goes to standard output, talk
// to standard error; the exit code says how it ended.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/casefile-engine/casefile/handlers/operator"
)

// version is set by the build.
var version = "dev"

// What the collector may use: much less work for it under load, and still
// within the memory that targets.md allows (P9). GOGC and GOMEMLIMIT go before.
const (
	gcPercent   = 400
	memoryLimit = 700 << 20 // bytes; soft
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Main runs one command line and gives its exit code. An interrupt or a request
// to end breaks off what runs; what was acknowledged by then is stored.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, operator.Local(stdin, stdout, stderr, environment()), nil)
}

// envPrefix begins the names of the variables that stand for flags:
// CASEFILE_POSTGRES_URL for --postgres-url.
const envPrefix = "CASEFILE_"

func environment() map[string]string {
	env := map[string]string{}
	for _, kv := range os.Environ() {
		if name, value, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(name, envPrefix) {
			env[name] = value
		}
	}
	return env
}
