// When to color output.

package phrase

// WantColor decides whether to color the output. mode is "always", "never" or "auto". In auto mode NO_COLOR
// counts first, then FORCE_COLOR and CLICOLOR_FORCE, then TERM=dumb, then whether the output is a terminal.
func WantColor(mode string, getenv func(string) string, terminal bool) bool {
	switch mode {
	case "always":
		return true
	case "never":
		return false
	}
	if getenv("NO_COLOR") != "" {
		return false
	}
	for _, v := range []string{"FORCE_COLOR", "CLICOLOR_FORCE"} {
		if s := getenv(v); s != "" && s != "0" {
			return true
		}
	}
	return terminal && getenv("TERM") != "dumb"
}
