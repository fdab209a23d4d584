package api

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestDocumentLoads(t *testing.T) {
	b, err := openapiJSON("v1")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}
