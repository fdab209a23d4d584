package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"partyline/api"
	"partyline/bridge"
)

// contract is the served document as a judge of exchanges.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	b, err := api.OpenAPI("test")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	openapi3filter.RegisterBodyDecoder("text/event-stream",
		func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			b, err := io.ReadAll(body)
			return string(b), err
		})
	for _, kind := range []string{"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/ogg", "audio/mpeg", "audio/mp3",
		"audio/flac", "audio/x-flac", "application/ogg", "multipart/byteranges"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	return &contract{doc: doc, router: router}, nil
})

func theContract(t testing.TB) *contract {
	t.Helper()
	c, err := loadContract()
	if err != nil {
		t.Fatalf("the document is not valid OpenAPI: %v", err)
	}
	return c
}

// check fails the test when a reply is not what the document promises, or when
// a request was taken that the document forbids.
func (c *contract) check(t testing.TB, req *http.Request, body []byte, a *answer) {
	t.Helper()
	if a.header.Get("X-Request-Id") == "" {
		t.Errorf("%s %s: the reply has no X-Request-Id", req.Method, req.URL.Path)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %s: the reply lets its type be guessed", req.Method, req.URL.Path)
	}
	find := req.Clone(context.Background())
	find.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(find)
	if err != nil { // not documented: then it must not exist
		if a.status == 204 && req.Method == http.MethodOptions { // a preflight is no operation
			return
		}
		if a.status < 400 {
			t.Errorf("%s %s is not documented and answers %d", req.Method, req.URL.Path, a.status)
		} else if req.Method != http.MethodHead {
			c.matches(t, "Problem", a.body)
			c.isProblem(t, a)
		}
		return
	}
	opts := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		IncludeResponseStatus: true, MultiError: true}
	in := &openapi3filter.RequestValidationInput{Request: find, PathParams: params, Route: route, Options: opts}
	if a.status < 300 && route.Operation.OperationID != "addParticipants" { // there each item is judged alone
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("%s %s was answered with %d, but the document forbids it: %v\n%s", req.Method, req.URL.Path, a.status, err, body)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header, Options: opts}
	if err := openapi3filter.ValidateResponse(context.Background(), out.SetBodyBytes(a.body)); err != nil {
		t.Errorf("%s %s: the reply %d is not as documented: %v\n%s", req.Method, req.URL.Path, a.status, err, a.body)
	}
	if a.status >= 400 && route.Path != "/v2/sms/status" {
		c.isProblem(t, a)
	}
}

// isProblem checks that a refusal agrees with its headers and the list of codes.
func (c *contract) isProblem(t testing.TB, a *answer) {
	t.Helper()
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("a refusal of type %q: %s", ct, a.body)
		return
	}
	if int(a.number("status")) != a.status {
		t.Errorf("status %v in the body of a %d", a.number("status"), a.status)
	}
	if id := a.header.Get("X-Request-Id"); a.text("request_id") != id && a.header.Get("Idempotent-Replayed") == "" {
		t.Errorf("request_id %q in the body, %q in the header", a.text("request_id"), id)
	}
	if !slices.ContainsFunc(api.Codes(), func(c api.Code) bool { return c.Name == a.text("code") && c.Status == a.status }) {
		t.Errorf("code %q with status %d is not documented", a.text("code"), a.status)
	}
}

// matches holds a JSON text against one schema of the document.
func (c *contract) matches(t testing.TB, schema string, b []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Errorf("not JSON: %v: %s", err, b)
		return
	}
	if err := c.doc.Components.Schemas[schema].Value.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
		t.Errorf("not a %s: %v\n%s", schema, err, b)
	}
}

// Every route is documented, and every documented operation is a route.
func TestRoutesAndDocumentAgree(t *testing.T) {
	f := newFace(t, func(a *api.Config, _ *bridge.Config) {
		a.SMSCallback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	})
	served := make(map[string]bool)
	for _, r := range f.srv.Routes() {
		served[r[0]+" "+r[1]] = true
	}
	documented := make(map[string]bool)
	ids := make(map[string]bool)
	for path, item := range f.contract.doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented[method+" "+path] = true
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) == 0 {
				t.Errorf("%s %s needs an operationId of its own, a summary and a tag", method, path)
			}
			ids[op.OperationID] = true
		}
	}
	for r := range served {
		if !documented[r] {
			t.Errorf("served, not documented: %s", r)
		}
	}
	for d := range documented {
		if !served[d] {
			t.Errorf("documented, not served: %s", d)
		}
	}
}

// Examples in the document are what the document itself allows.
func TestExamplesFollowTheirSchemas(t *testing.T) {
	c := theContract(t)
	for name, s := range c.doc.Components.Schemas {
		for _, e := range s.Value.Examples {
			if err := s.Value.VisitJSON(e, openapi3.EnableJSONSchema2020()); err != nil {
				t.Errorf("example of %s: %v", name, err)
			}
		}
	}
	count := 0
	for path, item := range c.doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			media := op.RequestBody.Value.Content.Get("application/json")
			if media == nil {
				continue
			}
			for name, e := range media.Examples {
				count++
				if err := media.Schema.Value.VisitJSON(e.Value.Value, openapi3.EnableJSONSchema2020()); err != nil {
					t.Errorf("example %s of %s: %v", name, path, err)
				}
			}
		}
	}
	if count == 0 {
		t.Error("the document has no examples of requests")
	}
}

// Every code the bridge can refuse with is in the list of codes, with the
// status its kind becomes.
func TestEveryCodeOfTheBridgeIsListed(t *testing.T) {
	type entry struct {
		name   string
		status int
	}
	listed := make(map[entry]bool)
	for _, c := range api.Codes() {
		e := entry{c.Name, c.Status}
		if listed[e] || c.Title == "" || !strings.HasSuffix(c.When, ".") {
			t.Errorf("code %s is listed twice, or without title and sentence", c.Name)
		}
		listed[e] = true
	}
	status := map[string]int{"Internal": 500, "Invalid": 422, "NotFound": 404, "Conflict": 409, "Forbidden": 403, "RateLimited": 429, "Unavailable": 503, "Stale": 412}
	var missing []string
	found := 0
	visit := func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "refuse" {
			return true
		}
		kind, ok := call.Args[0].(*ast.Ident)
		code, ok2 := call.Args[1].(*ast.BasicLit)
		if !ok || !ok2 {
			return true
		}
		text, err := strconv.Unquote(code.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !listed[entry{text, status[kind.Name]}] {
			missing = append(missing, text+" ("+kind.Name+")")
		}
		return true
	}
	for _, name := range sources(t, "../bridge") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, visit)
	}
	if found == 0 {
		t.Fatal("found no refusal in the bridge; this test looks for the wrong thing")
	}
	slices.Sort(missing)
	for _, m := range slices.Compact(missing) {
		t.Errorf("not in codes.go, or with another status: %s", m)
	}
}

// Every event the bridge tells of is in the document.
func TestEveryEventOfTheBridgeIsDocumented(t *testing.T) {
	of := map[string]string{"told": "participant.", "toldConference": "conference.", "toldRecording": "recording."}
	documented := theContract(t).doc.Components.Schemas["EventType"].Value.Enum
	found := 0
	for _, name := range sources(t, "../bridge") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			kind, ok2 := call.Args[0].(*ast.BasicLit)
			if !ok || !ok2 || of[fun.Sel.Name] == "" {
				return true
			}
			text, err := strconv.Unquote(kind.Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if event := of[fun.Sel.Name] + text; !slices.Contains(documented, any(event)) {
				t.Errorf("not in the document: %s", event)
			}
			return true
		})
	}
	if found < 10 {
		t.Fatalf("found %d events in the bridge; this test looks for the wrong thing", found)
	}
}

// sources are the files of a package without its tests.
func sources(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}
