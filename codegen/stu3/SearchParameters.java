import ca.uhn.fhir.model.api.annotation.SearchParamDefinition;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.dstu3.model.ResourceFactory;
import org.hl7.fhir.dstu3.model.ResourceType;

/**
 * Prints the search parameters that the STU3 model classes declare in their annotations, one JSON object a line:
 * base, code, type, path, target, compositeOf. Run from source by search-parameters.ts.
 */
class SearchParameters {
  private static final Map<Class<?>, String> types = new HashMap<>();

  public static void main(String[] arguments) {
    for (ResourceType type : ResourceType.values()) {
      types.put(ResourceFactory.createResource(type.name()).getClass(), type.name());
    }
    List<String> lines = new ArrayList<>();
    types.forEach(
        (model, base) -> {
          for (Field field : model.getFields()) {
            SearchParamDefinition parameter = field.getAnnotation(SearchParamDefinition.class);
            if (parameter != null) lines.add(line(base, parameter));
          }
        });
    Collections.sort(lines);
    lines.forEach(System.out::println);
  }

  private static String line(String base, SearchParamDefinition parameter) {
    String[] targets = Arrays.stream(parameter.target()).map(types::get).sorted().toArray(String[]::new);
    return String.format(
        "{\"base\":%s,\"code\":%s,\"type\":%s,\"path\":%s,\"target\":%s,\"compositeOf\":%s}",
        quoted(base),
        quoted(parameter.name()),
        quoted(parameter.type()),
        quoted(parameter.path()),
        list(targets),
        list(parameter.compositeOf()));
  }

  private static String list(String[] texts) {
    return "[" + String.join(",", Arrays.stream(texts).map(SearchParameters::quoted).toList()) + "]";
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
