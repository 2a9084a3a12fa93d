package translate

// The parts of objects of the Gateway API and of Envoy Gateway that are written.
type (
	reference struct {
		Group       string `yaml:"group,omitempty"`
		Kind        string `yaml:"kind,omitempty"`
		Namespace   string `yaml:"namespace,omitempty"`
		Name        string `yaml:"name,omitempty"`
		SectionName string `yaml:"sectionName,omitempty"`
		Port        int    `yaml:"port,omitempty"`
	}
	httpRoute struct {
		ParentRefs []reference `yaml:"parentRefs"`
		Hostnames  []string    `yaml:"hostnames"`
		Rules      []httpRule  `yaml:"rules"`
	}
	httpRule struct {
		Matches     []httpMatch `yaml:"matches,omitempty"`
		Filters     []any       `yaml:"filters,omitempty"`
		BackendRefs []reference `yaml:"backendRefs,omitempty"`
	}
	httpMatch struct {
		Path typed `yaml:"path"`
	}
	typed struct {
		Type  string `yaml:"type"`
		Value string `yaml:"value"`
	}
	securityPolicy struct {
		TargetRefs []reference `yaml:"targetRefs"`
		ExtAuth    struct {
			FailOpen         bool     `yaml:"failOpen"`
			HeadersToExtAuth []string `yaml:"headersToExtAuth"`
			HTTP             struct {
				BackendRefs      []reference `yaml:"backendRefs"`
				Path             string      `yaml:"path"`
				HeadersToBackend []string    `yaml:"headersToBackend"`
			} `yaml:"http"`
		} `yaml:"extAuth"`
	}
)
