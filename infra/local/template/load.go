package template

// Options is what CloudFormation knows besides the template.
type Options struct {
	// Parameters overrides the parameters' defaults.
	Parameters map[string]string
	// StackName, Region and AccountID default to edgestream, us-east-1 and
	// 123456789012.
	StackName, Region, AccountID string
}
