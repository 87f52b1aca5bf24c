package repl

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hwlua/hwlua/vm"
)

// converse runs a session whose entries are lines, and returns what it says.
func converse(t *testing.T, cfg Config, lines ...string) string {
	t.Helper()
	var out bytes.Buffer
	cfg.In = strings.NewReader(strings.Join(lines, "\n") + "\n")
	cfg.Out = &out
	if cfg.Getenv == nil {
		cfg.Getenv = func(string) string { return "" }
	}
	if cfg.Prompt == "" {
		cfg.Prompt, cfg.Cont = "", ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := Run(ctx, cfg); err != nil {
		t.Logf("the session ends with %v", err)
	}
	return out.String()
}

func TestX(t *testing.T) {
	t.Log(converse(t, Config{NoMachine: true}, `1+1`, `"a".."b"`, `{1,2,{3},x={y=1}}`, `_`, `x = 5`, `x`, `nil`, `print("hi")`, `error("boom")`, `foo.bar`, `x = = 1`, `:bt`,
		`:nope`, `:help bt`, `for i=1,2 do`, `print(i)`, `end`, `0xffffff8008c5a004`, `:undo`, `:time 1+1`, `t={} t.t=t`, `t`, `function f(a,b) end`, `f`, `:watch x`, `x=7`, `os.exit(3)`, `help "pairs"`, `help`))
	_ = vm.Config{}
}
