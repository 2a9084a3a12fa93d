package config

import (
	"reflect"
	"slices"
	"strings"
)

// Setting is what there is to know of one variable. Texts are Markdown of one
// line: only code is marked.
type Setting struct {
	Name     string `json:"name"`
	Section  string `json:"section"`
	Default  string `json:"default,omitempty"`  // "" when it is not set by default
	Required string `json:"required,omitempty"` // when it must be set: "always", or a condition; "": never
	Meaning  string `json:"meaning"`
	Example  string `json:"example"`
	Secret   bool   `json:"secret"`  // its value is one
	File     bool   `json:"file"`    // its value is the path of a file
	List     bool   `json:"list"`    // it holds several values; in the configuration file it may be a list
	Reloads  bool   `json:"reloads"` // a change in the configuration file, or in the file that it names, counts without a restart
}

// Settings returns every variable that Load reads, but for those of EasyAuthForK8s,
// in the order in which a reader meets them; variables of one section stand together.
func Settings() []Setting {
	all := slices.Concat(
		ofProviderSettings(), ofCredentialSettings(), ofWorkloadIdentitySettings(), ofHostsSettings(), ofPathsSettings(), ofSignInSettings(),
		ofBearerSettings(), ofProgramsSettings(), ofGroupsSettings(), ofHeadersSettings(), ofPolicySettings(), ofAssertionSettings(), ofGraphSettings(), ofSessionsSettings(), ofStoreSettings(), ofPagesSettings(),
		ofServerSettings(), ofObservationSettings(),
	)
	fields := make(map[string]reflect.StructField)
	for field := range reflect.TypeFor[spec]().Fields() {
		fields[field.Tag.Get("envconfig")] = field
	}
	for i := range all {
		s := &all[i]
		field := fields[s.Name]
		if s.Default == "" {
			s.Default = field.Tag.Get("default")
		}
		s.Secret = field.Type == reflect.TypeFor[secretText]()
		s.File, s.List = isFile(s.Name), isList(s.Name)
		s.Reloads = strings.HasPrefix(s.Name, prefix) && !slices.Contains(fixed(), s.Name)
	}
	return all
}

// isFile reports whether the value of a variable is the path of a file.
func isFile(name string) bool { return strings.HasSuffix(name, "_FILE") }

// section gives settings their section.
func section(name string, settings ...Setting) []Setting {
	for i := range settings {
		settings[i].Section = name
	}
	return settings
}
