package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// openBrowser asks the system to open an address, and reports whether it could ask. No
// shell reads the address.
func openBrowser(ctx context.Context, address string, env environment) bool {
	for _, line := range browserCommands(runtime.GOOS, isWSL(), env.lookUp) {
		path, err := exec.LookPath(line[0])
		if err != nil {
			continue
		}
		// It outlives this program, and may be the browser itself: what it prints is not for this terminal.
		cmd := exec.CommandContext(context.WithoutCancel(ctx), path, append(line[1:], address)...) //nolint:gosec // fixed commands, and an address that was checked
		apart(cmd)
		if cmd.Start() == nil {
			go func() { _ = cmd.Wait() }() // nothing depends on how it ends
			return true
		}
	}
	return false
}

// browserCommands are what opens an address on a system, the best first. Without a
// display there is none: xdg-open would take the terminal.
func browserCommands(system string, wsl bool, getenv func(string) string) [][]string {
	var out [][]string
	windows := []string{"rundll32.exe", "url.dll,FileProtocolHandler"}
	switch {
	case system == "windows":
		return [][]string{windows}
	case system == "darwin":
		return [][]string{{"/usr/bin/open"}}
	case wsl:
		out = append(out, windows)
	}
	if getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "" {
		out = append(out, []string{"xdg-open"})
	}
	return out
}

// isWSL reports Linux inside of Windows, whose browser is the person's.
func isWSL() bool {
	if runtime.GOOS != "linux" {
		return false
	}
	version, err := os.ReadFile("/proc/version")
	return err == nil && strings.Contains(strings.ToLower(string(version)), "microsoft")
}
