/* YAML in and out, as PyYAML has it: dlt reads schemas with yaml.safe_load and writes them with yaml.dump. */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include <yyjson.h>

#include "base/error.h"
#include "base/text.h"

#define YAML_TEXT_MAX (4 << 20) /* bytes of the text: far beyond any schema, so that what is none ends soon */
#define YAML_NODES_MAX 100000    /* values and keys, those that aliases stand for included */
#define YAML_DEPTH_MAX 100       /* lists and mappings in one another */
#define YAML_ALIAS_BYTES_MAX (16 << 20) /* text that aliases stand for */
#define YAML_WRITE_DEPTH_MAX 1000

/* Reads one YAML 1.1 document. Plain scalars are typed as yaml.safe_load does, except:
 *   - timestamps stay text, and so do "=" and "<<" as values;
 *   - a key is the text that is written there: 1, 0x10, yes and ~ are the keys "1", "0x10", "yes" and "~";
 *   - .inf and .nan, integers beyond 64 bits, and floats beyond a double are errors: JSON has no such numbers;
 *   - what is YAML is for libyaml to say, which also takes tabs between tokens, ? within plain scalars between brackets, and # right
 *     behind | or >, but not what PyYAML's own parser takes in addition: {a:}, [?], a tab as the first character of a block scalar,
 *     escaped surrogates, and directives other than %TAG and %YAML 1.1 or 1.2. What both read is the same value;
 *   - refused are merge keys (<<), keys that are lists or mappings, keys that come twice, all tags but ! !!null !!bool !!int !!float
 *     !!str !!seq !!map, !!int with a text that would be no integer without it, and U+FEFF elsewhere than at the beginning.
 * SPILE_CONFIG with the line and column (both from 1, in characters); no text, nothing but comments, or more than YAML_TEXT_MAX bytes
 * is such an error too. */
enum spile_status yaml_read(yyjson_mut_doc **out, const char *text, size_t length, struct spile_error *err);

/* Appends what yaml.dump(value, allow_unicode=True, default_flow_style=False, sort_keys=False) gives, byte for byte. False when memory is
 * out, the value is nested deeper than YAML_WRITE_DEPTH_MAX, or has raw numbers or bad UTF-8; `out` then ends anywhere. */
bool yaml_write(struct text *out, yyjson_mut_val *value);

#endif
