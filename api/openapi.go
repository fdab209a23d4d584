package api

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed openapi.yaml
var openapiYAML []byte

// openapiJSON is the contract as it is served: the YAML people edit, as JSON,
// with this build's version and the list of error codes.
func openapiJSON(version string) ([]byte, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(openapiYAML, &doc); err != nil {
		return nil, fmt.Errorf("api: openapi.yaml: %w", err)
	}
	delete(doc, "x-errors") // anchors only
	info, ok := doc["info"].(map[string]any)
	components, ok2 := doc["components"].(map[string]any)
	schemas, ok3 := components["schemas"].(map[string]any)
	if !ok || !ok2 || !ok3 {
		return nil, errors.New("api: openapi.yaml has no info or no schemas")
	}
	if version != "" {
		info["version"] = version
	}
	schemas["ErrorCode"] = errorCodeSchema()
	return json.Marshal(doc)
}

// errorCodeSchema lists every code with its status and meaning.
func errorCodeSchema() map[string]any {
	var names []string
	var table strings.Builder
	table.WriteString("| code | status | when |\n|---|---|---|\n")
	for _, c := range codes {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
		fmt.Fprintf(&table, "| `%s` | %d | %s |\n", c.Name, c.Status, c.When)
	}
	return map[string]any{"type": "string", "enum": names, "description": table.String()}
}
