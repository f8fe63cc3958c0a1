package lambda

import (
	"maps"
	"slices"
	"strconv"
)

// environment is what the process sees: Lambda's variables, then the options', then the
// function's. Nothing of the runner's own environment leaks in. AWS_EXECUTION_ENV is absent, as
// on provided.al2023.
// See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
func (i *instance) environment(taskRoot string) []string {
	f, opts := i.pool.fn, i.pool.svc.opts
	env := i.reserved(taskRoot)
	if i.isExternal() {
		delete(env, "PATH") // a debugger has to find Go
	}
	maps.Copy(env, opts.Env)
	maps.Copy(env, f.Env)
	list := make([]string, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	return list
}

func (i *instance) reserved(taskRoot string) map[string]string {
	f, region := i.pool.fn, i.pool.svc.opts.Region
	return map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          i.address,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      i.stream,
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_ACCESS_KEY_ID":               "local",
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_SESSION_TOKEN":               "local",
		"LAMBDA_TASK_ROOT":                taskRoot,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"_HANDLER":                        "bootstrap",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
	}
}
