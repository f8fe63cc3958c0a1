package main

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func text(s string) types.AttributeValue     { return &types.AttributeValueMemberS{Value: s} }
func texts(s ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: s} }

// hash is the form in which Accounts holds a token.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
