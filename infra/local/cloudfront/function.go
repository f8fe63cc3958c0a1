package cloudfront

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// maxSource is CloudFront's limit on a function's source, in bytes.
const maxSource = 10 << 10

// maxCallStack stops endless recursion long before it fills the memory.
const maxCallStack = 2000

// errFunction marks a function that threw, ran too long or returned no object.
var errFunction = errors.New("cloudfront: the function failed")

// function is one compiled viewer-request function. Compiled programs are shared;
// a runtime is made for every run, so that it is safe for concurrent use and a run
// sees nothing of the one before.
type function struct {
	program *goja.Program
	budget  time.Duration
}

// The helpers around the function's own source.
var (
	findHandler = goja.MustCompile("runner", "typeof handler === 'function' ? handler : undefined", true)
	parseJSON   = goja.MustCompile("runner", "JSON.parse", true)
	writeJSON   = goja.MustCompile("runner", "JSON.stringify", true)
)

// compile checks what CloudFront checks when a function is published.
func compile(name, source string, budget time.Duration) (*function, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("the function is %d bytes long, CloudFront takes at most %d", len(source), maxSource)
	}
	program, err := goja.Compile(name, source, true)
	if err != nil {
		return nil, fmt.Errorf("the function does not compile: %w", err)
	}
	f := &function{program, budget}
	vm, stop := f.newRuntime(func(string) {})
	defer stop()
	if _, err := f.load(vm); err != nil {
		return nil, err
	}
	return f, nil
}

// run hands the event to the function's handler and returns what it returns, both as
// JSON. Any error is an errFunction.
func (f *function) run(event string, log func(line string)) (string, error) {
	vm, stop := f.newRuntime(log)
	defer stop()
	result, err := f.call(vm, event)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errFunction, err)
	}
	return result, nil
}

func (f *function) call(vm *goja.Runtime, event string) (string, error) {
	parse, write := helper(vm, parseJSON), helper(vm, writeJSON)
	handler, err := f.load(vm)
	if err != nil {
		return "", err
	}
	input, err := parse(goja.Undefined(), vm.ToValue(event))
	if err != nil {
		return "", err
	}
	result, err := handler(goja.Undefined(), input)
	if err != nil {
		return "", err
	}
	if result, err = settled(result); err != nil {
		return "", err
	}
	text, err := write(goja.Undefined(), result)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(text.String(), "{") {
		return "", fmt.Errorf("it returned %.40s, want a request or a response", text)
	}
	return text.String(), nil
}

// newRuntime makes a runtime that is interrupted when the budget is spent. stop must
// be called when it is done with.
func (f *function) newRuntime(log func(string)) (vm *goja.Runtime, stop func()) {
	vm = goja.New()
	vm.SetMaxCallStackSize(maxCallStack)
	console := vm.NewObject()
	write := func(call goja.FunctionCall) goja.Value {
		words := make([]string, len(call.Arguments))
		for i, argument := range call.Arguments {
			words[i] = printed(argument)
		}
		log(strings.Join(words, " "))
		return goja.Undefined()
	}
	_ = console.Set("log", write) // cannot fail on an object of our own
	_ = console.Set("error", write)
	_ = vm.Set("console", console)
	for _, absent := range []string{"eval", "Function"} {
		_ = vm.GlobalObject().Delete(absent)
	}
	timer := time.AfterFunc(f.budget, func() { vm.Interrupt(fmt.Sprintf("it ran for more than %v", f.budget)) })
	return vm, func() { timer.Stop() }
}

// printed is a value as console.log writes it: objects as JSON.
func printed(v goja.Value) string {
	if object, ok := v.(*goja.Object); ok {
		if text, err := object.MarshalJSON(); err == nil {
			return string(text)
		}
	}
	return v.String()
}

// load runs the source's top level and finds the handler.
func (f *function) load(vm *goja.Runtime) (goja.Callable, error) {
	if _, err := vm.RunProgram(f.program); err != nil {
		return nil, err
	}
	found, err := vm.RunProgram(findHandler)
	if err != nil {
		return nil, err
	}
	handler, ok := goja.AssertFunction(found)
	if !ok {
		return nil, errors.New("the function defines no handler(event)")
	}
	return handler, nil
}

// helper fetches a built-in before the function's source can replace it.
func helper(vm *goja.Runtime, program *goja.Program) goja.Callable {
	v, err := vm.RunProgram(program)
	if callable, ok := goja.AssertFunction(v); ok && err == nil {
		return callable
	}
	return func(goja.Value, ...goja.Value) (goja.Value, error) { return nil, err }
}

// settled is the result of an async handler. What has not settled when the call
// returns never will: there is nothing to wait for.
func settled(v goja.Value) (goja.Value, error) {
	if v.ExportType() != reflect.TypeFor[*goja.Promise]() { // Export would walk other objects whole
		return v, nil
	}
	promise, ok := v.Export().(*goja.Promise)
	if !ok {
		return v, nil
	}
	switch promise.State() {
	case goja.PromiseStateFulfilled:
		return promise.Result(), nil
	case goja.PromiseStateRejected:
		return nil, fmt.Errorf("it rejected: %v", promise.Result())
	}
	return nil, errors.New("its promise never settles")
}
