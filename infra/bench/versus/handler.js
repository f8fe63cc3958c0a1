// A publisher of the usual kind: who listens stands in a table, and each delivery is a call of the
// management API.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand, paginateQuery } from "@aws-sdk/client-dynamodb";

const TableName = process.env.LISTENERS_TABLE;
const credentials = { accessKeyId: "local", secretAccessKey: "local" };
const db = new DynamoDBClient({ region: "us-east-1", endpoint: process.env.DYNAMODB_URL, credentials });
const sockets = new ApiGatewayManagementApiClient({ region: "us-east-1", endpoint: process.env.CALLBACK_URL, credentials });

const key = (topic, connection) => ({ topic: { S: topic }, connection: { S: connection } });
const ok = { statusCode: 200 };

export async function connect({ requestContext: { connectionId } }) {
  await db.send(new PutItemCommand({ TableName, Item: key("connections", connectionId) }));
  return ok;
}

export async function disconnect({ requestContext: { connectionId } }) {
  await forget(connectionId);
  return ok;
}

export async function subscribe({ requestContext: { connectionId }, body }) {
  const { stream } = JSON.parse(body);
  await db.send(new UpdateItemCommand({ TableName, Key: key("connections", connectionId),
    UpdateExpression: "ADD topics :t", ExpressionAttributeValues: { ":t": { SS: [stream] } } }));
  await db.send(new PutItemCommand({ TableName, Item: key(stream, connectionId) }));
  await post(connectionId, JSON.stringify({ subscribed: stream }));
  return ok;
}

// publish is invoked with what there is to say.
export async function publish({ stream, event, payload }) {
  const frame = JSON.stringify({ stream: [stream], event, payload });
  const posts = [];
  const pages = paginateQuery({ client: db }, { TableName, ConsistentRead: true,
    KeyConditionExpression: "topic = :t", ExpressionAttributeValues: { ":t": { S: stream } } });
  for await (const { Items } of pages) {
    for (const { connection } of Items) posts.push(post(connection.S, frame));
  }
  await Promise.all(posts);
  return { posts: posts.length };
}

async function post(ConnectionId, Data) {
  try {
    await sockets.send(new PostToConnectionCommand({ ConnectionId, Data }));
  } catch (e) {
    if (e.$metadata?.httpStatusCode !== 410) throw e; // serverless-offline's 410 has no name
    await forget(ConnectionId);
  }
}

async function forget(connection) {
  const { Attributes } = await db.send(new DeleteItemCommand({ TableName, Key: key("connections", connection), ReturnValues: "ALL_OLD" }));
  const topics = Attributes?.topics?.SS ?? [];
  await Promise.all(topics.map((topic) => db.send(new DeleteItemCommand({ TableName, Key: key(topic, connection) }))));
}
