// The official TypeScript clients of MCP, version 1 (`sdk`) and 2 (`client`), with its default of 60 s a call.
// `node client.mjs sdk legacy '{"command": …}'`, or `client auto '{"url": …}'`; it prints its findings. Version 2
// asks for the newest revision if it is told to: `auto`.

const [version, mode, reached] = process.argv.slice(2);
const TOOLS = 'batch_images cancel_job edit_image find_images fuse_images generate_image get_job start_job';
const QUICK = { model: 'seedream-4.0', size: '1K', provider: 'ark' };
const SLOW = { ...QUICK, provider: 'byteplus' };

const checks = [];

function check(name, isMet, problem) {
  checks.push({ name, problem: isMet ? '' : JSON.stringify(problem ?? 'it is not so').slice(0, 1000) });
}

/** Load a major version of the SDK; return a client that is connected. */
async function connected(version, { command, env, url }) {
  const from = {
    sdk: ['@modelcontextprotocol/sdk/client/index.js', '@modelcontextprotocol/sdk/client/stdio.js',
      '@modelcontextprotocol/sdk/client/streamableHttp.js'],
    client: ['@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio', '@modelcontextprotocol/client'],
  }[version];
  const [{ Client }, { StdioClientTransport }, { StreamableHTTPClientTransport }] =
    await Promise.all(from.map((name) => import(name)));
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command, env: { ...process.env, ...env } });
  const client = new Client({ name: 'judge', version: '1.0.0' }, { versionNegotiation: { mode } });
  const spoken = revisionOf(transport);
  await client.connect(transport);
  return { client, revision: client.getNegotiatedProtocolVersion?.() ?? spoken() };
}

/** Version 1 tells its transport which revision it agreed on. */
function revisionOf(transport) {
  let revision = '';
  const tell = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (agreed) => { revision = agreed; tell?.(agreed); };
  return () => revision;
}

async function makesAPicture(client) {
  const progress = [];
  const call = { name: 'generate_image', arguments: { ...QUICK, prompt: 'A red fox in fresh snow' } };
  const result = await answered(client, call, { onprogress: (notice) => progress.push(notice) });
  const [image] = result.structuredContent.images;
  const previews = result.content.filter((block) => block.type === 'image');
  check('a picture comes as an image', previews.length === 1 && previews[0].mimeType === 'image/jpeg', result.content);
  check('the text tells its path and id', result.content[0].text.includes(image.path) &&
    result.content[0].text.includes(image.uri), result.content[0]);
  check('progress comes, and ends at the total', progress.at(-1)?.progress === progress.at(-1)?.total, progress);
  const { contents: [content] } = await client.readResource({ uri: image.uri });
  const size = Buffer.from(content.blob, 'base64').length;
  check('its resource has all its bytes', size === image.bytes && content.mimeType === image.mime_type, size);
}

async function followsAJob(client) {
  const request = { ...SLOW, prompt: 'An owl at dusk' };
  let { structuredContent: job } = await answered(client, { name: 'start_job', arguments: { requests: [request, request] } });
  check('start_job answers at once', job.status === 'running', job);
  const progress = [];
  while (job.status === 'running') {
    const look = { name: 'get_job', arguments: { job_id: job.job_id, wait_s: 3 } };
    ({ structuredContent: job } = await answered(client, look, { onprogress: (notice) => progress.push(notice) }));
  }
  check('get_job follows it to its end', job.status === 'completed' && job.images.length === 2, job);
  check('with progress', progress.length > 1, progress);
}

async function isRefused(client) {
  const result = await answered(client, { name: 'generate_image', arguments: { ...QUICK, prompt: 'A fox', size: '9x9' } });
  check('a bad argument is an error that says what works', result.isError &&
    result.content[0].text.includes('nearest legal'), result);
}

/** Version 1 takes a schema of the result between the call and its options. */
function answered(client, call, options) {
  return client.callTool(call, ...(version === 'sdk' ? [undefined, options] : [options]));
}

const { client, revision } = await connected(version, JSON.parse(reached));
const { tools } = await client.listTools();
check('the eight tools are listed', tools.map((tool) => tool.name).sort().join(' ') === TOOLS, tools);
await makesAPicture(client);
await isRefused(client);
await followsAJob(client);
await client.close();
console.log(JSON.stringify({ revision, checks }));
