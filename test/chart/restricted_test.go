package chart

import (
	"fmt"
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
)

// restricted returns what of a pod the restricted Pod Security Standard refuses (Kubernetes' page "Pod Security
// Standards"), and what we want besides: a read-only file system, no token of the service account, no variables of
// Services, and a bound for memory.
func restricted(spec core.PodSpec) []string {
	var wrong []string
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if spec.HostNetwork || spec.HostPID || spec.HostIPC {
		refuse("a namespace of the host")
	}
	if isTrueOrUnset(spec.AutomountServiceAccountToken) {
		refuse("the service account's token")
	}
	if isTrueOrUnset(spec.EnableServiceLinks) {
		refuse("variables of Services")
	}
	for _, v := range spec.Volumes {
		s := v.VolumeSource
		if s.ConfigMap == nil && s.CSI == nil && s.DownwardAPI == nil && s.EmptyDir == nil && s.Ephemeral == nil && s.PersistentVolumeClaim == nil && s.Projected == nil && s.Secret == nil {
			refuse("the volume %s is of a kind that is not allowed", v.Name)
		}
	}
	pod := spec.SecurityContext
	if pod == nil {
		pod = &core.PodSecurityContext{}
	}
	for _, s := range pod.Sysctls {
		refuse("the sysctl %s", s.Name)
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		wrong = append(wrong, restrictedContainer(pod, c)...)
	}
	return wrong
}

func restrictedContainer(pod *core.PodSecurityContext, c core.Container) []string {
	var wrong []string
	refuse := func(text string) { wrong = append(wrong, c.Name+": "+text) }
	own := c.SecurityContext
	if own == nil {
		own = &core.SecurityContext{}
	}
	if own.Privileged != nil && *own.Privileged {
		refuse("privileged")
	}
	if isTrueOrUnset(own.AllowPrivilegeEscalation) {
		refuse("may gain privileges")
	}
	if root := first(own.RunAsNonRoot, pod.RunAsNonRoot); root == nil || !*root {
		refuse("may run as root")
	}
	if user := first(own.RunAsUser, pod.RunAsUser); user == nil || *user == 0 {
		refuse("runs as root, or as whom the image says")
	}
	if profile := first(own.SeccompProfile, pod.SeccompProfile); profile == nil || profile.Type != core.SeccompProfileTypeRuntimeDefault && profile.Type != core.SeccompProfileTypeLocalhost {
		refuse("has no seccomp profile")
	}
	if own.Capabilities == nil || !slices.Contains(own.Capabilities.Drop, "ALL") || len(own.Capabilities.Add) > 0 {
		refuse("has capabilities")
	}
	if own.ReadOnlyRootFilesystem == nil || !*own.ReadOnlyRootFilesystem {
		refuse("may write its file system")
	}
	if c.Resources.Limits.Memory().IsZero() {
		refuse("has no bound for memory")
	}
	for _, p := range c.Ports {
		if p.HostPort != 0 {
			refuse("a port of the host")
		}
	}
	return wrong
}

func isTrueOrUnset(b *bool) bool { return b == nil || *b }

func first[T any](own, inherited *T) *T {
	if own != nil {
		return own
	}
	return inherited
}

// podSpecs returns the pods of a rendering by the name of what makes them.
func podSpecs(t *testing.T, all []object) map[string]core.PodSpec {
	t.Helper()
	specs := map[string]core.PodSpec{}
	for _, d := range every[*apps.Deployment](t, all) {
		specs["Deployment "+d.Name] = d.Spec.Template.Spec
	}
	for _, p := range every[*core.Pod](t, all) {
		specs["Pod "+p.Name] = p.Spec
	}
	return specs
}

func isRestricted(t *testing.T, r rendering) {
	specs := podSpecs(t, r.all)
	if len(specs) < 2 {
		t.Errorf("%d kinds of pods, want those of a Deployment and that of the test", len(specs))
	}
	for name, spec := range specs {
		for _, wrong := range restricted(spec) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

// Each part of the standard is looked at: a pod that is good in all but one is refused for that one.
func TestRestricted(t *testing.T) {
	pods := func() core.PodSpec {
		for name, spec := range podSpecs(t, objects(t, render(t, minimal+secret))) {
			if name == "Deployment "+release {
				return spec
			}
		}
		t.Fatal("no Deployment")
		return core.PodSpec{}
	}
	yes, root := true, int64(0)
	tests := []struct {
		name   string
		change func(pod *core.PodSpec, c *core.Container)
	}{
		{"the host's network", func(p *core.PodSpec, _ *core.Container) { p.HostNetwork = true }},
		{"the host's processes", func(p *core.PodSpec, _ *core.Container) { p.HostPID = true }},
		{"a folder of the host", func(p *core.PodSpec, _ *core.Container) {
			p.Volumes = append(p.Volumes, core.Volume{VolumeSource: core.VolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/"}}})
		}},
		{"a sysctl", func(p *core.PodSpec, _ *core.Container) {
			p.SecurityContext.Sysctls = []core.Sysctl{{Name: "kernel.msgmax"}}
		}},
		{"the token", func(p *core.PodSpec, _ *core.Container) { p.AutomountServiceAccountToken = &yes }},
		{"variables of Services", func(p *core.PodSpec, _ *core.Container) { p.EnableServiceLinks = nil }},
		{"no context of the pod", func(p *core.PodSpec, _ *core.Container) { p.SecurityContext = nil }},
		{"no profile", func(p *core.PodSpec, _ *core.Container) { p.SecurityContext.SeccompProfile = nil }},
		{"no context of the container", func(_ *core.PodSpec, c *core.Container) { c.SecurityContext = nil }},
		{"privileged", func(_ *core.PodSpec, c *core.Container) { c.SecurityContext.Privileged = &yes }},
		{"escalation", func(_ *core.PodSpec, c *core.Container) { c.SecurityContext.AllowPrivilegeEscalation = &yes }},
		{"root in one container", func(_ *core.PodSpec, c *core.Container) { c.SecurityContext.RunAsUser = &root }},
		{"a capability", func(_ *core.PodSpec, c *core.Container) {
			c.SecurityContext.Capabilities.Add = []core.Capability{"NET_BIND_SERVICE"}
		}},
		{"not all capabilities", func(_ *core.PodSpec, c *core.Container) {
			c.SecurityContext.Capabilities.Drop = []core.Capability{"KILL"}
		}},
		{"a file system to write to", func(_ *core.PodSpec, c *core.Container) { c.SecurityContext.ReadOnlyRootFilesystem = nil }},
		{"memory without end", func(_ *core.PodSpec, c *core.Container) { c.Resources.Limits = nil }},
		{"a port of the host", func(_ *core.PodSpec, c *core.Container) { c.Ports[0].HostPort = 8080 }},
	}
	spec := pods()
	if wrong := restricted(spec); len(wrong) > 0 {
		t.Fatalf("as it is: %q", wrong)
	}
	for _, tt := range tests {
		changed := *spec.DeepCopy()
		tt.change(&changed, &changed.Containers[0])
		if len(restricted(changed)) == 0 {
			t.Errorf("%s: not seen", tt.name)
		}
	}
}
